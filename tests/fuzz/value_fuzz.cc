// A value of any bytes, by a row of any kind: what is accepted is within bounds and, where it has a
// canonical form, means the same when written in it.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/prefix.h"
#include "base/quantity.h"
#include "expect.h"
#include "weir/settings.h"

namespace weir {
namespace {

void parse_any(std::string_view text) {
  const std::array rows{
      Key{.name = "number", .kind = ValueKind::number, .min = 1, .max = 65535, .choices = "auto"},
      Key{.name = "duration", .kind = ValueKind::duration, .min = 1, .max = 1'000'000},
      Key{.name = "size", .kind = ValueKind::size, .min = 4096},
      Key{.name = "rate", .kind = ValueKind::rate},
      Key{.name = "mark", .kind = ValueKind::mark},
      Key{.name = "yes-no", .kind = ValueKind::yes_no},
      Key{.name = "word", .kind = ValueKind::word, .choices = "one, two, three"},
      Key{.name = "text", .kind = ValueKind::text},
      Key{.name = "list", .kind = ValueKind::list},
  };
  for (const Key& row : rows) {
    const auto value = parse_value(row, text, {"f", 1});
    if (!value.ok()) {
      expect(!value.error().text().empty(), "an error says something");
      continue;
    }
    const bool number = row.kind == ValueKind::number || row.kind == ValueKind::duration ||
                        row.kind == ValueKind::size || row.kind == ValueKind::rate;
    if (number && !value.value().is_choice) {
      expect(value.value().number >= row.min && value.value().number <= row.max, "bounds hold");
    }
    if (row.kind == ValueKind::mark) {
      expect((value.value().mark.value & ~value.value().mark.mask) == 0, "a mark is in its mask");
    }
    for (const Value& item : value.value().items) {
      expect(!item.text.empty(), "no item is empty");
    }
  }
  if (const auto duration = parse_duration(text); duration.ok()) {
    expect(parse_duration(duration_text(duration.value())).value() == duration.value(),
           "a duration survives its own writing");
  }
  if (const auto size = parse_size(text); size.ok()) {
    expect(parse_size(size_text(size.value())).value() == size.value(),
           "a size survives its own writing");
  }
  if (text.find('\0') == std::string_view::npos) {
    if (const auto prefix = Prefix::parse(text); prefix.ok()) {
      expect(Prefix::parse(prefix.value().text()).value() == prefix.value(),
             "a prefix survives its own writing");
      expect(prefix.value().contains(prefix.value().address), "a prefix has its first address");
    }
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::parse_any({reinterpret_cast<const char*>(data), size});
  return 0;
}
