#include "sniff/first_bytes.h"

#include "sniff/http_request.h"
#include "sniff/tls.h"

namespace weir {

static_assert(longest_first_bytes >= longest_request_head, "a request that fits is answered");

Sniffed sniff_stream(std::span<const std::uint8_t> first_bytes) {
  if (first_bytes.empty()) {
    return {};
  }
  return may_begin_http(first_bytes.front()) ? sniff_http(first_bytes) : sniff_tls(first_bytes);
}

}  // namespace weir
