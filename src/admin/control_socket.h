// The Unix socket that live commands talk to: made with mode 0660, in a directory that is made if
// missing. A file that a dead gateway left is replaced; a gateway that answers is an error, and so
// is a file that is no socket.
//
// Main thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/descriptor.h"
#include "weir/result.h"

namespace weir {

class ControlSocket {
 public:
  static Result<ControlSocket> listen(const std::string& path);
  ~ControlSocket();  // removes the file, unless it is another gateway's by now
  ControlSocket(ControlSocket&& other) noexcept;
  ControlSocket& operator=(ControlSocket&&) = delete;

  // The listening descriptor, non-blocking; the caller closes it.
  [[nodiscard]] int release() { return socket_.release(); }

 private:
  ControlSocket() = default;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Descriptor socket_;
};

}  // namespace weir
