// Any bytes as a DNS server's TCP stream: the same messages however they are cut, none of them
// empty or too long. The first byte says how: into pieces of that many bytes, all at once for 0.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "expect.h"
#include "sniff/dns_stream.h"

namespace {

std::vector<std::string> messages_of(std::span<const std::uint8_t> bytes, std::size_t piece_size) {
  std::vector<std::string> out;
  weir::DnsStream stream;
  while (!bytes.empty()) {
    const std::size_t size = std::min(piece_size, bytes.size());
    // On the heap and of exactly this size, so that the sanitizer sees every step beyond.
    const std::vector<std::uint8_t> piece(bytes.begin(), bytes.begin() + static_cast<long>(size));
    stream.take(piece, [&out](std::span<const std::uint8_t> message) {
      weir::expect(!message.empty() && message.size() <= weir::DnsStream::longest,
                   "a message has a size that is kept");
      out.emplace_back(message.begin(), message.end());
    });
    bytes = bytes.subspan(size);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::span bytes(data + 1, size - 1);
  const std::size_t piece_size = data[0] != 0 ? data[0] : size;
  weir::expect(messages_of(bytes, piece_size) == messages_of(bytes, size),
               "messages are the same however their bytes come");
  return 0;
}
