// The fake programs of one machine. They outlive the daemon that started them, and end with the
// power. Scripts fail, hang and lie; what they start dies early or ignores its end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ports/process.h"
#include "sim/time.h"

namespace mainstay::sim {

class Machine;

// What a program does, judged by its command line: given by whoever knows the configuration.
enum class Conduct : std::uint8_t {
  starts_service,  // a script: something runs on after it
  stops_service,   // a script: what its family runs is gone after it
  resident,        // runs until it is ended
  passes,          // a script without effect that succeeds
};

class ProcessPort : public Process {
 public:
  explicit ProcessPort(Machine& machine) : machine_(machine) {}
  Result<std::unique_ptr<RunningProgram>> start(const Program& program) override;
  Task<Result<ProgramEnd>> run(Program program, Call call) override;
  std::vector<int> members(const std::string& family) override;
  Task<Status> end_family(std::string family, Instant kill_at, Call call) override;
  void kill_family(const std::string& family) override;

  using Judge = std::function<Conduct(const Program&)>;
  void judge_by(Judge judge) { judge_ = std::move(judge); }

  // ---- As seen from outside.
  // Something of the family serves or is being started, whether or not the machine makes progress.
  bool serves(const std::string& family) const;
  // One of the family's serving programs ends by itself. False: there is none.
  bool fell(const std::string& family, int exit_code);
  void power_lost();
  // Whoever waited for a program is gone.
  void daemon_lost();
  // Families with at least one living program, in order of name.
  std::vector<std::string> families() const;

 private:
  friend class ProgramHandle;
  struct Living {
    std::string family;
    Conduct conduct = Conduct::passes;
    bool stubborn = false;  // ignores SIGTERM
    bool undying = false;   // even SIGKILL takes its time: it waits inside the kernel
    std::vector<Completion<Result<ProgramEnd>>> waiting;
  };
  int begin(const Program& program, Conduct conduct);
  void end(int pid, ProgramEnd how);
  void kill(int pid);
  void finish_script(int pid, const std::string& family, Conduct conduct);
  void start_service(const std::string& family);
  void end_services(const std::string& family);
  void changed(const std::string& family);
  std::vector<Completion<Status>> emptied(const std::string& family);

  Machine& machine_;
  Judge judge_;
  int last_pid_ = 100;
  std::map<int, Living> living_;
  std::map<int, ProgramEnd> ended_;  // not waited for yet
  std::multimap<std::string, Completion<Status>> ending_;
};

}  // namespace mainstay::sim
