// Any bytes as a list, in two pieces and whole: the same items and the same bad lines; what is an
// item survives its own writing, and is found in the set.
#include <cstdint>
#include <string_view>

#include "expect.h"
#include "sets/list_reader.h"

namespace weir {
namespace {

// What an item was written as is the same item.
void check_item(const ListItem& item) {
  const auto again = parse_item(written_item(item.what));
  expect(again.ok() && again.value() == item.what, "an item survives its own writing");
  if (const auto* name = std::get_if<Name>(&item.what)) {
    expect(!name->text.empty() && name->text.size() <= longest_host, "a name has a name's length");
  } else {
    expect(!item.is_exception, "only names are excepted");
  }
}

void check_line(std::string_view text) {
  ListLine line;
  read_list_line(text, line);
  const bool has_flaw = line.kind == ListLine::Kind::bad || line.kind == ListLine::Kind::heading;
  expect(has_flaw != line.flaw.empty(), "a bad line says why");
  expect(line.items.empty() == (line.kind != ListLine::Kind::items), "a line is of its kind");
  for (const ListItem& item : line.items) {
    check_item(item);
  }
}

struct Outcome {
  bool is_list = false;
  ListReport report;
  std::shared_ptr<const SetContents> contents;
};

Outcome read(std::string_view first, std::string_view second) {
  SetBuilder builder;
  ListReader reader("l", builder);
  Outcome out;
  if (!reader.take(first) || !reader.take(second)) {
    return out;
  }
  auto report = reader.finish();
  if (report) {
    out.is_list = true;
    out.report = std::move(report).value();
    out.contents = std::move(builder).build();
  }
  return out;
}

void check_list(std::string_view text) {
  const Outcome whole = read(text, "");
  const Outcome pieces = read(text.substr(0, text.size() / 2), text.substr(text.size() / 2));
  expect(whole.is_list == pieces.is_list, "a list is one in pieces, too");
  if (!whole.is_list) {
    return;
  }
  expect(whole.report.items == pieces.report.items &&
             whole.report.bad_lines == pieces.report.bad_lines &&
             whole.contents->size() == pieces.contents->size(),
         "a list says the same in pieces");
  for (std::size_t i = 0; i < whole.contents->prefixes.size(); ++i) {
    const auto match = whole.contents->prefixes.at(i);
    expect(whole.contents->contains(match.prefix.address), "what is listed is in the set");
    expect(whole.contents->prefixes.covers(match.prefix), "all of it");
  }
  std::uint32_t position = 0;
  while (const auto name = whole.contents->names.next(position)) {
    expect(whole.contents->names.exact(name->name, name->form).has_value(), "a name is found");
    expect(whole.contents->names.covers(name->name, name->form), "and covered");
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  weir::check_line(text);
  weir::check_list(text);
  return 0;
}
