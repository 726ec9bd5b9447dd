#include "firewall/closing_timeouts.h"

#include <algorithm>
#include <fstream>

#include "firewall/nft.h"

namespace weir::firewall {

namespace {

constexpr unsigned longest = 30;

// A table that is never made: nft only asks the kernel whether it would be.
constexpr std::string_view trial =
    "table inet weir-trial {\n"
    "\tct timeout closing {\n"
    "\t\tprotocol tcp\n"
    "\t\tl3proto inet\n"
    "\t\tpolicy = { time_wait : 30 }\n"
    "\t}\n"
    "\tchain output {\n"
    "\t\ttype filter hook output priority mangle; policy accept;\n"
    "\t\tmeta l4proto tcp ct timeout set \"closing\"\n"
    "\t}\n"
    "}\n";

bool kernel_can() {
  const auto ended = run_nft(std::string(trial), NftWith::no_changes);
  return ended && ended.value().status == 0;
}

// A sysctl of connection tracking, or what the kernel begins with.
unsigned seconds_of(const std::string& state, unsigned otherwise) {
  std::ifstream in("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_" + state);
  unsigned seconds = 0;
  return in >> seconds ? seconds : otherwise;
}

}  // namespace

ClosingTimeouts closing_timeouts(ClosingTimeouts kernels) {
  const auto half = [](unsigned seconds) { return std::clamp(seconds / 2, 1U, longest); };
  return {.time_wait = half(kernels.time_wait), .close = half(kernels.close)};
}

std::optional<ClosingTimeouts> closing_timeouts_here() {
  static const bool can = kernel_can();
  if (!can) {
    return std::nullopt;
  }
  return closing_timeouts(
      {.time_wait = seconds_of("time_wait", 120), .close = seconds_of("close", 10)});
}

}  // namespace weir::firewall
