// Pipes for splice(), lent to a direction of a flow only while bytes are in flight in them.
//
// One per worker, in its TcpFlows; its thread. Bounded: when all are lent, flows go on copying.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/descriptor.h"

namespace weir {

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

class PipePool {
 public:
  // Bytes one pipe holds; the kernel's default for pipe-max-size.
  static constexpr int capacity = 1 << 20;
  static constexpr std::size_t max = 32;

  std::optional<Pipe> take();
  // REQUIRES: the pipe is empty.
  void give_back(Pipe pipe);
  // A pipe that still holds bytes of a flow that ended.
  void discard(Pipe pipe);

 private:
  std::vector<Pipe> idle_;
  std::size_t lent_ = 0;
};

}  // namespace weir
