// Ports for sockets that are bound to one, drawn at random from those that the kernel would draw
// from: a socket whose port we chose need not be asked which it got, which is a system call less
// for each. One that is taken costs the caller a second try.
//
// As hard to guess as the kernel's own (RFC 6056, section 3.3.1): an attacker that guesses the port
// of a question can forge its answer.
//
// One per worker, in its ServerSockets; its thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/units.h"

namespace weir {

class FreePorts {
 public:
  // As net.ipv4.ip_local_port_range ("32768\t60999") and ip_local_reserved_ports ("8080,9000-9010")
  // have them.
  FreePorts(std::string_view range, std::string_view reserved);
  // Those of this machine.
  static FreePorts of_kernel();

  // 0: let the kernel choose.
  [[nodiscard]] Port pick();

 private:
  struct Range {
    Port first;
    Port last;
  };
  std::uint32_t first_ = 0;
  std::uint32_t count_ = 0;  // 0: not known
  std::vector<Range> reserved_;
  std::array<std::uint16_t, 256> random_{};
  std::size_t left_ = 0;  // of the random numbers
};

}  // namespace weir
