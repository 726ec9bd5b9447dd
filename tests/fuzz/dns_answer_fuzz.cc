// Any bytes as a DNS answer: read to an end, never beyond it; what comes out is a host and its
// addresses, bounded and each once, and no less where the message says that it was truncated.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "expect.h"
#include "sniff/dns_answer.h"
#include "sniff/host_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // On the heap and of exactly this size, so that the sanitizer sees every step beyond.
  std::vector<std::uint8_t> message(data, data + size);
  const auto answer = weir::read_dns_answer(message);
  if (!answer) {
    return 0;
  }
  weir::expect(weir::host_of(answer->name) == answer->name, "a name is a host, as names are spelt");
  weir::expect(answer->addresses.size() <= weir::DnsAnswer::most_addresses,
               "addresses are bounded");
  std::vector<weir::Address> addresses;
  for (const auto& entry : answer->addresses) {
    addresses.push_back(entry.address);
  }
  std::ranges::sort(addresses);
  weir::expect(std::ranges::adjacent_find(addresses) == addresses.end(), "each address comes once");

  constexpr std::size_t flags_at = 2;
  constexpr std::uint8_t tc = 0x02;
  const bool was_truncated = (message[flags_at] & tc) != 0;
  message[flags_at] |= tc;
  const auto truncated = weir::read_dns_answer(message);
  weir::expect(truncated && truncated->name == answer->name &&
                   (was_truncated || truncated->addresses == answer->addresses),
               "a whole answer that says it is truncated says the same");
  return 0;
}
