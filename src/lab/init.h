// Process 1 of an instance: makes the instance's world, runs what it is asked to run, buries the
// dead.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mainstay::lab {

// A block device of the instance: a loop device by another name.
struct InitVolume {
  std::string id;
  std::string device;  // "/dev/sdf", a link
  std::string name;    // "nvme1n1", the node
  int loop = 0;        // the number of the device
};

// All an init must know. It gets it as JSON on descriptor 3.
struct InitSpec {
  std::string instance;
  std::string host_name;
  std::string directory;  // of the instance, on the host
  std::string clock;      // file with the shift of its time of day; empty: it has none of its own
  std::string shared;     // directory of the lab that every instance sees as /run/lab
  std::string address;    // with prefix length
  std::string gateway;
  std::string address6;            // empty: none
  std::string masquerade_for;      // the VPC's CIDR if this is a NAT instance
  std::vector<std::string> binds;  // host directories that must stay visible at their place
  std::vector<std::vector<std::string>> boot_commands;
  std::vector<InitVolume> volumes;
  int stop_patience_s = 10;
};

std::string encode(const InitSpec& spec);
Result<InitSpec> decode_init_spec(const std::string& json);

// The descriptors an init is born with.
inline constexpr int spec_descriptor = 3;
inline constexpr int exec_descriptor = 4;  // listening socket for commands
inline constexpr int control_descriptor =
    5;  // to the lab: "go", "shutdown", "pause", "resume"; "ready", "reset", ...
inline constexpr const char* init_word = "instance-init";  // argv[1] that makes the program an init

// Never returns but by the end of the instance.
int run_init();

// Mounts (init_mounts.cpp). What was set up before a failure vanishes with the namespace.
Status make_file_system(const InitSpec& spec);
inline constexpr const char* sysrq_file = "/run/.sysrq-trigger";
inline constexpr const char* clock_file =
    "/run/.lab-clock";  // known to the library mainstay-lab-clock

}  // namespace mainstay::lab
