// The Process port: programs in families, noticed at once when they end.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "adapters/linux/family.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/output_log.h"
#include "adapters/linux/worker.h"
#include "ports/process.h"

namespace mainstay::adapters {

// Programs of ours that run at one time.
inline constexpr std::size_t programs_max = 2048;

class LinuxProcess : public Process {
 public:
  // Reads on what the programs of a forerunner print. `tell` is for the log: what is wrong with a
  // program's log file.
  LinuxProcess(Loop& loop, Families::Settings settings, OutputPipe::Tell tell = nullptr);
  // Running programs run on.
  ~LinuxProcess() override;

  Result<std::unique_ptr<RunningProgram>> start(const Program& program) override;
  Task<Result<ProgramEnd>> run(Program program, Call call) override;
  std::vector<int> members(const std::string& family) override;
  Task<Status> end_family(std::string family, Instant kill_at, Call call) override;
  void kill_family(const std::string& family) override;

 private:
  struct Child;
  class Running;

  Result<std::shared_ptr<Child>> launch(const Program& program);
  Result<std::shared_ptr<Child>> spawn_in_place(const Program& program,
                                                std::shared_ptr<Child> child);
  std::shared_ptr<OutputPipe> read_pipe(const OutputPipe::Target& target, Fd read_end);
  void on_end(const std::shared_ptr<Child>& child);
  Task<void> some_end(std::vector<int> pids, Instant until, Cancellation cancellation);

  Loop& loop_;
  Worker log_worker_;
  Families families_;
  OutputPipe::Tell tell_;
  std::set<std::shared_ptr<Child>> children_;
  std::vector<std::weak_ptr<OutputPipe>> pipes_;
};

}  // namespace mainstay::adapters
