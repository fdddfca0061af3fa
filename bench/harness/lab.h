// A lab of one run: a small AWS in network namespaces, brought up and taken down by mainstay-lab.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "harness/process.h"
#include "harness/programs.h"
#include "harness/site.h"
#include "harness/timeline.h"

namespace mainstay::bench {

struct RouteTarget {
  std::string table;
  std::string eni;
};

// An instance besides those of the built-in layout.
struct ExtraInstance {
  std::string name;
  std::string subnet;
  std::string address;
  std::string role = {};  // whose credentials it has; "": none
};

// A disk of each of the two servers.
struct ExtraVolume {
  std::string device;
  int size_mib = 0;
};

// What a lab has: the pattern's own layout, and more.
struct LabWish {
  Pattern pattern = Pattern::vip;
  std::vector<ExtraInstance> instances = {};
  std::vector<ExtraVolume> volumes = {};
  // Addresses of IPv6 for the VPC, its subnets, the servers and the client, and a route for
  // virtual_ipv6 in each table.
  bool ipv6 = false;
};

class Lab {
 public:
  // Brings it up in FOLDER/lab. Its shared folder is seen by every instance as /run/lab.
  static Result<Lab> up(const Programs& programs, const std::string& folder,
                        const LabWish& wish = {});
  Lab(Lab&& other) noexcept;
  Lab& operator=(Lab&&) = delete;
  // Takes it down, with everything that runs in it.
  ~Lab();

  void keep() { kept_ = true; }
  const std::string& folder() const { return folder_; }
  std::string shared(const std::string& file) const { return folder_ + "/shared/" + file; }

  // The two servers of the pattern's layout, with their ids.
  Result<Site> site(Pattern pattern = Pattern::vip) const;
  // "running", "frozen", "stopping", "off" ...
  Result<std::string> life_of(const std::string& instance) const;
  Result<std::vector<RouteTarget>> routes_to(std::string_view address) const;
  // The interface that has this Elastic IP; "": none has.
  Result<std::string> holder_of(const std::string& allocation_id) const;

  // Runs a command in an instance to its end; its output.
  Result<std::string> exec(const std::string& instance, const std::vector<std::string>& argv,
                           Duration patience = 30s) const;
  // Starts one there that stays.
  Status start(const std::string& instance, const std::string& log,
               const std::vector<std::string>& argv) const;
  // What the instance starts at each boot.
  Status at_boot(const std::string& instance, const std::vector<std::string>& argv) const;
  Status write(const std::string& instance, std::string_view path, const std::string& text) const;
  Status fault(const std::vector<std::string>& words) const;
  // What happened to instances and routes after the event of this number, and what the API refused.
  Result<std::vector<Moment>> events(std::uint64_t since) const;
  Result<std::uint64_t> last_event() const;
  // mainstay-lab with these words, for this lab.
  Command command(std::vector<std::string> words, Duration patience = 60s) const;

 private:
  // Of the route tables, by id.
  Result<std::map<std::string, std::string>> table_names() const;
  Status write_layout(const LabWish& wish, const std::string& file) const;
  Lab(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  std::string program_;
  std::string folder_;
  bool kept_ = false;
};

}  // namespace mainstay::bench
