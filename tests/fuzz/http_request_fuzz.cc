// Any bytes as what a client sends first, as an HTTP/1 request and as whatever it is: more bytes
// never change an answer, and a name is one.
//
// The first byte of the input is how many bytes come at a time at least.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "expect.h"
#include "sniff/first_bytes.h"
#include "sniff/host_text.h"
#include "sniff/http_request.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

void sniff_any(std::span<const std::uint8_t> bytes, std::size_t step) {
  const Sniffed request = sniff_http(bytes);
  expect(steady_answer(sniff_http, bytes, step) == said(request),
         "more bytes never change a request's answer");
  expect(request.state != Sniffed::State::name || host_of(request.name) == request.name,
         "a name is one");
  expect(request.state != Sniffed::State::more || bytes.size() < longest_request_head,
         "a long head is not waited for");
  const Sniffed stream = sniff_stream(bytes);
  expect(steady_answer(sniff_stream, bytes, step) == said(stream),
         "more bytes never change the answer of a stream");
  expect(bytes.empty() || request.state == Sniffed::State::no_name || said(stream) == said(request),
         "what is a request is one of the stream");
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) {
    constexpr std::size_t most_steps = 16;
    weir::sniff_any({data + 1, size - 1}, std::max(size / most_steps, std::size_t{1} + data[0]));
  }
  return 0;
}
