// The Unix socket that live commands talk to: made with mode 0660, in a directory that is made if
// missing. A file that a dead gateway left is replaced; a gateway that answers is an error, and so
// is a file that is no socket.
//
// One in AdminServer, and one in TakeoverDonor, each for its path; main thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/descriptor.h"
#include "weir/result.h"

namespace weir {

class ControlSocket {
 public:
  static constexpr mode_t standard_mode = 0660;

  // `mode`: of the file, less the umask.
  static Result<ControlSocket> listen(const std::string& path, mode_t mode = standard_mode);
  // Listens beside a gateway that lives and is about to be taken over: under another name, until
  // rename_into_place().
  static Result<ControlSocket> prepare(const std::string& path, mode_t mode = standard_mode);
  ~ControlSocket();  // removes the file, unless it is another gateway's by now
  ControlSocket(ControlSocket&& other) noexcept;
  ControlSocket& operator=(ControlSocket&&) = delete;

  // From now on the path leads here, and no longer to the gateway that had it; it always leads to
  // one of them.
  Result<> rename_into_place();
  // The path is a successor's, or will be: it stays.
  void leave() { path_.clear(); }

  // The listening descriptor, non-blocking; the caller closes it.
  [[nodiscard]] int release() { return socket_.release(); }

 private:
  ControlSocket() = default;
  static Result<ControlSocket> bind_at(const std::string& path, mode_t mode);

  std::string path_;        // of the file as it is now
  std::string final_path_;  // that rename_into_place() gives it
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Descriptor socket_;
};

}  // namespace weir
