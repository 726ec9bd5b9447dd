// Any bytes as what a TLS client sends first, and as a ClientHello in records of any size: more
// bytes never change an answer, a hello says the same however records cut it, and a name is one.
//
// The first byte of the input is the records' size, and how many bytes come at a time at least.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "expect.h"
#include "sniff/client_hello.h"
#include "sniff/hello_builder.h"
#include "sniff/host_text.h"
#include "sniff/sniff_checks.h"
#include "sniff/tls.h"

namespace weir {
namespace {

void sniff_any(std::span<const std::uint8_t> bytes, std::size_t step) {
  const Sniffed message = read_client_hello(bytes);
  expect(steady_answer(read_client_hello, bytes, step) == said(message),
         "more bytes never change a hello's answer");
  expect(said(sniff_tls(records_of(bytes, step))) == said(message),
         "a hello says the same in records");
  const Sniffed records = sniff_tls(bytes);
  expect(steady_answer(sniff_tls, bytes, step) == said(records),
         "more bytes never change the answer of records");
  for (const Sniffed& answer : {message, records}) {
    expect(answer.state != Sniffed::State::name || host_of(answer.name) == answer.name,
           "a name is one");
  }
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
