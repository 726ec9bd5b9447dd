// Any bytes that something on the control socket's path may answer with.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cli/http_answer.h"
#include "expect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view received(reinterpret_cast<const char*>(data), size);
  const auto answer = weir::http_answer(received);
  if (answer) {
    weir::expect(answer.value().status >= 0 && answer.value().status <= 999,
                 "a status has three digits");
    weir::expect(answer.value().status < 100 || answer.value().status >= 200,
                 "what announces an answer is none");
    weir::expect(answer.value().body.size() < size, "a body is a part of what came");
  }
  return 0;
}
