// DNS answers as tests compare them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "quic_builder.h"
#include "sniff/dns_answer.h"

namespace weir {

// "www.example.org: 192.0.2.1 60, 2001:db8::1 300", in the addresses' order; "nothing".
inline std::string dns_answer_text(std::string_view message) {
  auto answer = read_dns_answer(exact_bytes(message));
  if (!answer) {
    return "nothing";
  }
  std::ranges::sort(answer->addresses, {}, &DnsAnswer::Entry::address);
  std::string out = answer->name + ":";
  for (const auto& [address, ttl] : answer->addresses) {
    out += (out.ends_with(':') ? " " : ", ") + address.text() + " " + std::to_string(ttl);
  }
  return out;
}

}  // namespace weir
