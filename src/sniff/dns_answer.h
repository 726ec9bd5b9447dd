// What a DNS answer tells the client that asked: which addresses stand for which name, for how
// long.
//
// A value made of a response's bytes, which need not live on; the caller's. Pure; any thread. RFC
// 1035; HTTPS records and their hints: RFC 9460.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/endpoint.h"

namespace weir {

struct DnsAnswer {
  static constexpr std::size_t most_addresses = 64;
  static constexpr std::size_t most_names = 16;  // that one stands for the next of

  struct Entry {
    Address address;
    std::uint32_t ttl = 0;  // seconds: the lowest on the way there, of several ways the longest
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  std::string name;  // the question's, as host_of (sniff/host_text.h) spells it
  std::vector<Entry> addresses;
};

// The addresses that lie at the end of CNAMEs from the question's name, in whichever order the
// records stand; for a question for HTTPS also the hints, and addresses of the names that serve it.
// There may be none. Nothing: as read_dns_response (sniff/dns_records.h), or the name is no host.
[[nodiscard]] std::optional<DnsAnswer> read_dns_answer(std::span<const std::uint8_t> message);

}  // namespace weir
