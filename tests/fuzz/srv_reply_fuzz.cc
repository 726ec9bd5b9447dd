// Any bytes as a DNS reply with SRV records: read to an end, never beyond it, and what comes out
// are servers or a reason.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dns/srv_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // On the heap and of exactly this size, so that the sanitizer sees every step beyond.
  const std::vector<std::uint8_t> reply(data, data + size);
  const weir::ServiceAnswer answer = weir::parse_srv_reply(reply);
  bool sound = answer.targets.empty() == !answer.error.empty();
  for (const auto& target : answer.targets) {
    sound = sound && !target.host.empty() && target.port != 0;
  }
  if (!sound) {
    (void)std::fputs("not so: servers that can be used, or a reason\n", stderr);
    std::abort();
  }
  return 0;
}
