// A configuration of any bytes: it loads or says why not, the same way each time, in lines that can
// be printed. The input is the main file, then, each after a form feed, an included file `a.ini`
// and a list file `l`.
#include <cstdint>
#include <string>
#include <string_view>

#include "config/made_up_files.h"
#include "config/utf8.h"
#include "expect.h"

namespace weir {
namespace {

std::string next_file(std::string_view& rest) {
  const auto end = rest.find('\f');
  const std::string out(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return out;
}

std::string all_of(const Loaded& loaded) {
  std::string out;
  for (const Diagnostic& finding : loaded.diagnostics) {
    out += finding.line() + "\n";
  }
  return out;
}

void load_any(std::string_view input) {
  const std::string main = next_file(input);
  const std::string included = next_file(input);
  const std::map<std::string, std::string> others{{"a.ini", included}, {"l", std::string(input)}};
  const Loaded loaded = load_text(main, others);
  bool error = false;
  for (const Diagnostic& finding : loaded.diagnostics) {
    error |= finding.severity == Diagnostic::Severity::error;
    const std::string line = finding.line();
    expect(!finding.location.file.empty() && !finding.text.empty(),
           "a finding has a place and a text");
    expect(line.find_first_of("\n\r\x1b") == std::string::npos, "a finding is one harmless line");
    expect(first_not_utf8(line) == std::string_view::npos, "a finding is UTF-8");
  }
  expect(error != loaded.configuration.has_value(), "there is a configuration or an error");
  expect(all_of(loaded) == all_of(load_text(main, others)), "the same file, the same findings");
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::load_any({reinterpret_cast<const char*>(data), size});
  return 0;
}
