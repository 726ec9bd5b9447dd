// How a dial that failed ends its flow, and what it is counted as. Pure; any thread.
#pragma once

#include "account/reason.h"
#include "account/record.h"
#include "dial/tcp_dial.h"

namespace weir {

struct DialFailure {
  End end = End::connect_failed;
  Reason reason = Reason::connect_error;
};

// REQUIRES: neither connecting nor connected.
[[nodiscard]] DialFailure failure_of(TcpDial::Outcome outcome);

}  // namespace weir
