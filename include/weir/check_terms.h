// How the servers of an upstream are probed. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "weir/units.h"

namespace weir {

struct CheckTerms {
  enum class Kind : std::uint8_t {
    connect,    // a TCP connection comes up
    handshake,  // and what the policy does before payload succeeds; as connect where it does
                // nothing
    exchange,   // `send` is answered with something that has `expect` in it
  } kind = Kind::connect;
  Protocol protocol = Protocol::tcp;  // of an exchange
  std::string send;
  std::string expect;  // empty: any answer
  Milliseconds interval{2'000};
  Milliseconds timeout{1'000};
  int rise = 2;  // successes in a row until a server that was down is up
  int fall = 3;  // failures in a row until one that was up is down
  friend bool operator==(const CheckTerms&, const CheckTerms&) = default;
};

}  // namespace weir
