// Any bytes as the control messages of a datagram: nothing is read beyond them.
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/datagram_batch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // On the heap and of exactly this size, so that the sanitizer sees every step beyond.
  std::vector<std::uint64_t> buffer((size + 7) / 8);
  if (size != 0) {
    std::memcpy(buffer.data(), data, size);
  }
  msghdr header{};
  header.msg_control = buffer.data();
  header.msg_controllen = size;
  const weir::DatagramControl control = weir::control_of(header);
  static_cast<void>(control.destination.text());
  return 0;
}
