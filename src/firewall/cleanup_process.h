// A small process that outlives the gateway: where the rules cannot notice by themselves that the
// gateway died (see needs_cleanup_process), it puts others in their place, as on-failure says.
//
// It holds one end of a pipe and the script to run when the other end closes without a goodbye: it
// knows nothing else, and holds nothing open that clients or the port could hang on. It is a
// program of its own (`weir guard`), so that it shares no memory and no thread with what died.
//
// Only one guards a network: it holds an abstract socket's name there. A gateway that starts waits
// until its predecessor's cleanup process has done its work, or that would undo the new rules. A
// name that a user without rights holds makes no gateway wait.
//
// Owned by the RuleReconciler; the firewall's thread, which waits at start() for another cleanup
// process to end.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/descriptor.h"
#include "weir/result.h"

namespace weir::firewall {

class CleanupProcess {
 public:
  // Waits for another one to end, if there is one.
  static Result<std::unique_ptr<CleanupProcess>> start();
  // One that guards for another gateway, which holds the pipe's other end, too: `pipe` and
  // `process` (a pidfd) come from there, see share().
  static std::unique_ptr<CleanupProcess> inherit(Descriptor pipe, Descriptor process);
  // Dismisses it: it ends and runs nothing.
  ~CleanupProcess();
  CleanupProcess(const CleanupProcess&) = delete;
  CleanupProcess& operator=(const CleanupProcess&) = delete;

  // What the operator should know of how it was made, or "".
  [[nodiscard]] const std::string& warning() const { return warning_; }

  // False once it ended: another process must have ended it.
  [[nodiscard]] bool is_alive();

  // For a successor. The pipe stays ours, too: the cleanup process goes on until both are closed.
  struct Shared {
    int pipe;
    Descriptor process;
  };
  [[nodiscard]] Shared share() const;
  [[nodiscard]] bool is_inherited() const { return process_.valid(); }
  // Goes without a goodbye: the cleanup process goes on for the other holder of the pipe.
  void leave();

  // The script to run when this process is gone.
  Result<> set_exit_script(const std::string& script);

 private:
  CleanupProcess(pid_t pid, Descriptor process, Descriptor pipe)
      : pid_(pid), process_(std::move(process)), pipe_(std::move(pipe)) {}
  pid_t pid_;           // of our child; 0: it is none, or ended and was taken note of
  Descriptor process_;  // a pidfd, of one that is not our child
  Descriptor pipe_;
  std::string warning_;
};

// The cleanup process's whole life, with the pipe as standard input. Returns its exit status.
[[nodiscard]] int run_cleanup_process();

}  // namespace weir::firewall
