// The DNS messages of a TCP connection, one direction of it, from its bytes as they come (RFC 7766,
// section 8: each message behind its length in two bytes).
//
// One object a connection, owned by its flow, on that flow's thread; bytes in, calls out, no I/O.
// Between calls it holds what has come of a message that is not whole: 32 bytes, at most 16 KiB
// with that message, and nothing else where every piece ends with a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace weir {

class DnsStream {
 public:
  // A longer message is passed over as it comes, and not kept.
  static constexpr std::size_t longest = std::size_t{16} * 1024;

  // A message without its length, not empty; for the call only.
  using Handler = std::function<void(std::span<const std::uint8_t>)>;

  // The next bytes of the stream, any number of them: `each` is called for every message that ends
  // in them, in order, from here. It must not destroy this.
  void take(std::span<const std::uint8_t> piece, const Handler& each);

 private:
  // Each says how many bytes it took: of a piece where nothing is kept, and where there is.
  std::size_t take_in_place(std::span<const std::uint8_t> piece, const Handler& each);
  std::size_t take_kept(std::span<const std::uint8_t> piece, const Handler& each);
  // `whole`: what will be kept before the message is handed out.
  void keep(std::span<const std::uint8_t> piece, std::size_t whole);

  // What has come of a message, its length included; never a whole one between calls.
  std::vector<std::uint8_t> kept_;
  std::size_t to_skip_ = 0;  // bytes to come of a message that is too long
};

}  // namespace weir
