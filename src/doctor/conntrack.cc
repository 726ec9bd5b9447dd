// weir's rules switch connection tracking on. A flow that weir carries is two entries, the client's
// and weir's own towards the server, where a forwarded one is one; an ended connection stays for
// two minutes. When the table is full the kernel drops what opens a flow, of every kind of traffic.
#include <algorithm>

#include "base/connection_tracking.h"
#include "doctor/checks.h"

namespace weir::doctor {

namespace {

// Both protocols may have as many flows, and each is two entries.
constexpr std::uint64_t entries_of_a_flow = 4;

std::string cure(std::uint64_t max) {
  return "sysctl -w net.netfilter.nf_conntrack_max=" + std::to_string(max);
}

}  // namespace

Findings examine_conntrack(const Subject& subject) {
  const auto table = read_connection_tracking();
  if (!table || table->max == 0) {
    return {{"conntrack", Level::ok, "the kernel's conntrack table has no limit, or is not in use",
             ""}};
  }
  const std::string filled =
      std::to_string(table->entries) + " of " + std::to_string(table->max) + " entries in use";
  const std::uint64_t flows = subject.configuration.limits.max_flows;
  const std::uint64_t wanted = flows * entries_of_a_flow;
  const std::uint64_t larger = std::max(table->max * 2, wanted);
  if (table->entries >= table->max) {
    return {{"conntrack", Level::fail,
             "the conntrack table is full (" + filled +
                 "): the kernel drops what opens a flow, weir's and others'",
             cure(larger)}};
  }
  if (table->dropped > 0) {
    return {{"conntrack", Level::warn,
             "the conntrack table was full at times: " + std::to_string(table->dropped) +
                 " packets were dropped for want of room; now " + filled,
             cure(larger)}};
  }
  if (table->entries >= table->max / 10 * 8) {
    return {
        {"conntrack", Level::warn, "the conntrack table is nearly full: " + filled, cure(larger)}};
  }
  if (wanted > table->max) {
    return {{"conntrack", Level::warn,
             "max-flows = " + std::to_string(flows) + " of TCP and of UDP can need " +
                 std::to_string(wanted) + " conntrack entries, two a flow; the table has " +
                 std::to_string(table->max),
             cure(wanted)}};
  }
  return {{"conntrack", Level::ok, filled + "; a flow that weir carries takes two", ""}};
}

}  // namespace weir::doctor
