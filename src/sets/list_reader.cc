#include "sets/list_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "sets/list_source.h"

namespace weir {
namespace {

using Kind = ListLine::Kind;

// A line that is longer is a bad one, whatever else it has.
constexpr std::size_t max_kept_bytes = longest_list_line + 1;

struct Signature {
  std::string_view bytes;
  std::string_view meaning;
};

constexpr std::array<Signature, 9> signatures{{
    {"\x1f\x8b", "it is compressed (gzip): unpack it first"},
    {"\xfd\x37zXZ", "it is compressed (xz): unpack it first"},
    {"\x28\xb5\x2f\xfd", "it is compressed (zstd): unpack it first"},
    {"PK\x03\x04", "it is compressed (zip): unpack it first"},
    {"\xff\xfe", "it is UTF-16: save it as UTF-8"},
    {"\xfe\xff", "it is UTF-16: save it as UTF-8"},
    {"<!", "it is a page (HTML), not a list"},
    {"<html", "it is a page (HTML), not a list"},
    {"<?xml", "it is XML, not a list"},
}};

// Why a file that begins like this is no list, or "".
std::string_view why_no_text(std::string_view first_line) {
  const auto* signature =
      std::find_if(signatures.begin(), signatures.end(),
                   [&](const Signature& one) { return first_line.starts_with(one.bytes); });
  if (signature != signatures.end()) {
    return signature->meaning;
  }
  return first_line.find('\0') == std::string_view::npos ? "" : "it is binary, not text";
}

std::uint32_t line_number(std::uint64_t line) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(line, std::numeric_limits<int>::max()));
}

}  // namespace

ListReader::ListReader(std::string file, SetBuilder& into) : file_(std::move(file)), into_(into) {
  into_.begin(file_);
}

Result<> ListReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view text = bytes.substr(0, end);
    if (end == std::string_view::npos) {
      keep(text);
      return Ok{};
    }
    bytes.remove_prefix(end + 1);
    if (begun_length_ == 0) {
      if (auto ended = end_line(text); !ended) {
        return ended;
      }
      continue;
    }
    keep(text);
    if (auto ended = end_line(begun_); !ended) {
      return ended;
    }
    begun_.clear();
    begun_length_ = 0;
  }
  return Ok{};
}

Result<ListReport> ListReader::finish() {
  if (begun_length_ > 0) {
    if (auto ended = end_line(begun_); !ended) {
      return ended.error();
    }
  }
  return std::move(report_);
}

void ListReader::keep(std::string_view text) {
  begun_length_ += text.size();
  begun_ += text.substr(0, max_kept_bytes - begun_.size());
}

Result<> ListReader::end_line(std::string_view text) {
  ++report_.lines;
  if (report_.lines == 1) {
    if (const auto why = why_no_text(text); !why.empty()) {
      return Error(std::string(why), {file_, 0});
    }
  }
  const std::uint64_t length = std::max<std::uint64_t>(begun_length_, text.size());
  if (length > text.size()) {
    add_bad("the line is " + std::to_string(length) + " bytes long, at most " +
            std::to_string(longest_list_line) + " are allowed");
    return Ok{};
  }
  read_list_line(text, line_);
  const bool is_first = !has_content_;
  has_content_ = has_content_ || line_.kind != Kind::nothing;
  if (line_.kind == Kind::bad || (line_.kind == Kind::heading && !is_first)) {
    add_bad(std::move(line_.flaw));
    return Ok{};
  }
  for (const ListItem& item : line_.items) {
    if (auto added = into_.add(item, line_number(report_.lines)); !added) {
      return Error(added.error().text(), here());
    }
    ++report_.items;
  }
  return Ok{};
}

void ListReader::add_bad(std::string flaw) {
  ++report_.bad_lines;
  if (report_.first_bad.size() < ListReport::max_kept) {
    report_.first_bad.emplace_back(std::move(flaw), here());
  }
}

SourceLocation ListReader::here() const {
  return {file_, static_cast<int>(line_number(report_.lines))};
}

Result<ListReport> read_list(ListSource& source, const std::string& file, SetBuilder& into) {
  constexpr std::size_t piece = std::size_t{64} << 10U;
  std::vector<char> buffer(piece);
  ListReader reader(file, into);
  while (true) {
    const auto got = source.read(buffer);
    if (!got) {
      return Error(got.error().text(), {file, 0});
    }
    if (got.value() == 0) {
      return reader.finish();
    }
    if (auto taken = reader.take({buffer.data(), got.value()}); !taken) {
      return taken.error();
    }
  }
}

}  // namespace weir
