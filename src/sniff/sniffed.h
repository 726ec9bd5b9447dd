// What the first bytes of a flow say about the host that its client asked for.
//
// A value that a reader of this folder returns; the worker that asked owns it. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

struct Sniffed {
  enum class State : std::uint8_t {
    more,     // the bytes so far are the beginning of something that may say a name
    no_name,  // it says none, or is nothing that this reader knows: more bytes change nothing
    name,
  };

  State state = State::more;
  std::string name;       // with State::name: as sets/name.h keeps names; never empty, no address
  bool is_outer = false;  // the hello is encrypted (ECH) and this is the name in front of it

  static Sniffed nothing() { return {.state = State::no_name, .name = {}}; }
};

}  // namespace weir
