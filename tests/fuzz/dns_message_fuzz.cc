// Any bytes as a DNS message: read to the end of the question, never beyond the datagram; a message
// answers itself turned round, and nothing of another ID.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // On the heap and of exactly this size, so that the sanitizer sees every step beyond.
  std::vector<std::uint8_t> datagram(data, data + size);
  const auto message = weir::read_dns_message(datagram);
  if (!message || message->kind != weir::DnsMessage::Kind::query) {
    return 0;
  }
  datagram[2] |= 0x80U;
  const auto turned = weir::read_dns_message(datagram);
  datagram[0] ^= 1U;
  const auto other = weir::read_dns_message(datagram);
  if (message->question == 0 || !turned || !turned->answers(*message) || !other ||
      other->answers(*message)) {
    (void)std::fputs("not so: a query is answered by itself turned round\n", stderr);
    std::abort();
  }
  return 0;
}
