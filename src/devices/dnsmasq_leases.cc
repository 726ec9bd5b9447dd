// dnsmasq writes one lease a line (its src/lease.c): when it ends, MAC, IPv4 address, host name or
// '*', client id or '*'. Behind a line `duid ID` come those of DHCPv6, which have an IAID (after a
// T if the address is a temporary one) where the MAC stood. `vendorclass` and `agent-info` lines
// say more of a lease. It cuts the file and writes it again in place.
#include <algorithm>

#include "devices/lease_files.h"
#include "devices/lease_lines.h"

namespace weir {
namespace {

// Built without trust in the clock (HAVE_BROKEN_RTC), dnsmasq writes how long a lease is, in
// seconds, and not when it ends. No lease ended in 2001.
constexpr std::int64_t a_length_below = 1'000'000'000;

// "06-02:00:5e:10:00:01" has its hardware's type in front where that is not Ethernet.
Mac hardware(std::string_view word) {
  const auto mac = Mac::parse(word);
  return mac && !mac.value().is_group() ? mac.value() : Mac{};
}

bool is_hardware(std::string_view word) {
  return word.find_first_not_of("0123456789abcdefABCDEF:-") == std::string_view::npos;
}

bool is_iaid(std::string_view word) {
  return whole_number(word.starts_with('T') ? word.substr(1) : word).has_value();
}

// Why the line is none, or "".
std::string_view read_lease(std::string_view line, LeaseList& leases) {
  const auto end = whole_number(take_word(line));
  if (!end || *end < 0) {
    return "it does not begin with a time";
  }
  const std::string_view who = take_word(line);
  const auto address = Address::parse(take_word(line));
  const std::string_view name = take_word(line);
  const std::string_view client_id = take_word(line);
  if (!address) {
    return "its third word is no address";
  }
  if (client_id.empty() || !take_word(line).empty()) {
    return "it has not five words";
  }
  if (address.value().is_v4() ? !is_hardware(who) : !is_iaid(who)) {
    return address.value().is_v4() ? "its second word is no MAC address"
                                   : "its second word is no IAID";
  }
  if (name.size() > longest_name) {
    return "its host name is too long";
  }
  Lease lease;
  lease.address = address.value();
  lease.mac = address.value().is_v4() ? hardware(who) : Mac{};
  lease.name = name == "*" ? "" : std::string(name);
  if (*end >= a_length_below) {
    lease.expires = instant_of(*end);
  }
  leases.put(std::move(lease));
  return {};
}

}  // namespace

void read_dnsmasq_leases(std::string_view text, LeaseList& leases, BadLines& bad) {
  each_line(text, [&](const LeaseLine& line) {
    std::string_view rest = line.text;
    const std::string_view first = take_word(rest);
    if (first.empty() || first == "duid" || first == "vendorclass" || first == "agent-info") {
      return;
    }
    const std::string_view why = read_lease(line.text, leases);
    if (!why.empty() && line.is_finished) {
      bad.add(line.number, why);
    }
  });
}

}  // namespace weir
