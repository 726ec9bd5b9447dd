// Windows of any bytes: what is accepted means the same in normal form, and each change is a
// change, after the one before.
#include <chrono>
#include <cstdint>
#include <string_view>

#include "expect.h"
#include "rules/timetable.h"

namespace weir {
namespace {

void parse_any(std::string_view text) {
  static const TimeZone zone = TimeZone::from_rule("CET-1CEST,M3.5.0,M10.5.0/3").value();
  const auto windows = Windows::parse(text);
  if (!windows) {
    expect(!windows.error().text().empty(), "an error says something");
    return;
  }
  const auto again = Windows::parse(windows.value().text());
  expect(again.ok(), "normal form is accepted");
  expect(again.value() == windows.value(), "normal form means the same");
  expect(again.value().text() == windows.value().text(), "normal form is its own");
  expect(windows.value().covers(windows.value()) && Windows().covers(windows.value()),
         "windows cover themselves, and no condition covers all");
  std::chrono::sys_seconds now{std::chrono::seconds(1'774'000'000)};  // a week before a change
  for (int i = 0; i < 20; ++i) {
    expect(!clock_state_text(windows.value(), now, zone).empty(), "there are words for it");
    const auto next = next_change(windows.value(), now, zone);
    expect(next.has_value() != windows.value().always(), "windows that change have a next change");
    if (!next) {
      return;
    }
    expect(*next > now, "the next change is later");
    expect(holds(windows.value(), *next, zone) != holds(windows.value(), now, zone),
           "a change is a change");
    expect(holds(windows.value(), *next - std::chrono::seconds(1), zone) ==
               holds(windows.value(), now, zone),
           "there was none before");
    now = *next;
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::parse_any({reinterpret_cast<const char*>(data), size});
  return 0;
}
