// Where the programs of this build are, and a folder for one run.
#pragma once

#include <string>

#include "base/result.h"

namespace mainstay::bench {

struct Programs {
  std::string lab;      // mainstay-lab
  std::string daemon;   // mainstayd
  std::string command;  // mainstay
  std::string folder;   // of the build, in which all of them lie
};

// Beside the program that runs: all come from one build folder.
Result<Programs> find_programs();

// One program of the same build.
Result<std::string> find_program(const std::string& name);

// A new folder below /tmp whose name is this run's own; removed with everything in it when the
// object goes, unless it is kept.
class RunFolder {
 public:
  static Result<RunFolder> make(const std::string& purpose);
  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool kept_ = false;
};

}  // namespace mainstay::bench
