#include "doctor/probe.h"

#include <array>
#include <cstring>

namespace weir::doctor {

namespace {

template <typename T>
Answer within(const T& low, const T& high, const T& first, const T& last) {
  if (high < first || last < low) {
    return Answer::no;
  }
  return first <= low && high <= last ? Answer::yes : Answer::some;
}

Answer within(const AddressRange& packets, const AddressRange& range) {
  if (packets.low.family() != range.low.family()) {
    return Answer::no;
  }
  return within(packets.low.bytes(), packets.high.bytes(), range.low.bytes(), range.high.bytes());
}

// What weir never intercepts, and a client never sends to through a router.
bool is_never_routed(const AddressRange& range) {
  return (range.low.is_multicast() && range.high.is_multicast()) ||
         (range.low.is_loopback() && range.high.is_loopback()) ||
         (range.low == range.high && range.low.is_v4() && range.low.text() == "255.255.255.255");
}

}  // namespace

AddressRange range_of(const Prefix& prefix) {
  auto bytes = prefix.address.bytes();
  const bool v4 = prefix.address.is_v4();
  for (unsigned bit = prefix.length; bit < (v4 ? 32U : 128U); ++bit) {
    bytes[(v4 ? 12 : 0) + bit / 8] |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
  }
  in6_addr raw{};
  std::memcpy(&raw, bytes.data(), sizeof(raw));
  return {prefix.address, Address::v6(raw)};
}

Answer has_client(const Probe& probe, const AddressRange& range) {
  return within(range_of(probe.client), range);
}

Answer has_destination(const Probe& probe, const AddressRange& range) {
  const bool own = range.low == range.high &&
                   std::find(probe.own.begin(), probe.own.end(), range.low) != probe.own.end();
  return own || is_never_routed(range) ? Answer::no : within(range_of(probe.destination), range);
}

Answer has_port(const Probe& probe, long first, long last) {
  return within<long>(probe.first, probe.last, first, last);
}

Answer has_source_port(long first, long last) {
  constexpr long lowest = 1024;
  constexpr long highest = 65535;
  return within(lowest, highest, first, last);
}

bool fits(const std::string& interface, const std::string& pattern) {
  if (!pattern.empty() && pattern.back() == '*') {
    return interface.starts_with(pattern.substr(0, pattern.size() - 1));
  }
  return interface == pattern;
}

}  // namespace weir::doctor
