// JSON values from text and to text, by nlohmann-json: the only file that sees it. The bytes that
// are written are those that nlohmann-json would write: what it does to odd strings and to
// fractions is left to it.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "base/json.h"
#include "weir/result.h"

namespace weir {

namespace {

// Nothing that is meant to be read is nested like this, and a value is destroyed recursively.
constexpr std::size_t deepest = 128;

// Without the name of the exception: "[json.exception.parse_error.101] parse error at line 1, …"
std::string said_by(const std::exception& error) {
  const std::string_view said = error.what();
  const auto name_ends = said.find("] ");
  std::string out;
  append_printable(out, said.substr(name_ends == std::string_view::npos ? 0 : name_ends + 2));
  return out;
}

// Makes the value as the parser comes by its parts. The names are nlohmann-json's.
class Maker {
 public:
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) { return add(value); }
  bool string(string_t& value) { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) { return false; }  // no text has it
  bool key(string_t& value) {
    open_.back().key = std::move(value);
    return true;
  }
  bool start_object(std::size_t /*elements*/) { return open(Open::What::object); }
  bool start_array(std::size_t /*elements*/) { return open(Open::What::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const std::exception& error) {
    error_ = said_by(error);
    return false;
  }

  Result<Json> result(bool parsed) && {
    return parsed ? Result<Json>(std::move(whole_)) : Result<Json>(Error(std::move(error_)));
  }

 private:
  // An array or object whose end has not come; in an object, the name of what comes next.
  struct Open {
    enum class What : std::uint8_t { array, object } what;
    std::vector<Json> items;
    std::vector<Json::Member> members;
    std::string key;
  };

  bool open(Open::What what) {
    if (open_.size() == deepest) {
      error_ = "it is nested too deep";
      return false;
    }
    open_.push_back({.what = what, .items = {}, .members = {}, .key = {}});
    return true;
  }
  bool close() {
    Open last = std::move(open_.back());
    open_.pop_back();
    return add(last.what == Open::What::array ? Json(std::move(last.items))
                                              : Json(std::move(last.members)));
  }
  bool add(Json value) {
    if (open_.empty()) {
      whole_ = std::move(value);
    } else if (Open& last = open_.back(); last.what == Open::What::array) {
      last.items.push_back(std::move(value));
    } else {
      last.members.push_back({std::move(last.key), std::move(value)});
    }
    return true;
  }

  std::vector<Open> open_;
  Json whole_;
  std::string error_ = "it is no JSON";
};

// Takes texts out of the object that the parser goes through.
class TextsOfObject {
 public:
  using number_integer_t = Maker::number_integer_t;
  using number_unsigned_t = Maker::number_unsigned_t;
  using number_float_t = Maker::number_float_t;
  using string_t = Maker::string_t;
  using binary_t = Maker::binary_t;

  TextsOfObject(std::span<const std::string_view> names, std::span<std::string> into)
      : names_(names), into_(into) {}

  bool null() { return other(); }
  bool boolean(bool /*value*/) { return other(); }
  bool number_integer(number_integer_t /*value*/) { return other(); }
  bool number_unsigned(number_unsigned_t /*value*/) { return other(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) { return other(); }
  bool binary(binary_t& /*value*/) { return false; }
  bool string(string_t& value) {
    if (depth_ == 1 && at_ < names_.size() && into_[at_].empty()) {
      into_[at_].swap(value);
      has_all_ =
          std::none_of(into_.begin(), into_.end(), [](const auto& one) { return one.empty(); });
      return !has_all_;
    }
    return other();
  }
  bool key(string_t& value) {
    if (depth_ == 1) {
      at_ =
          static_cast<std::size_t>(std::find(names_.begin(), names_.end(), value) - names_.begin());
    }
    return true;
  }
  bool start_object(std::size_t /*elements*/) { return open(); }
  bool start_array(std::size_t /*elements*/) { return other() && open(); }
  bool end_object() { return --depth_, true; }
  bool end_array() { return end_object(); }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const std::exception& error) {
    error_ = said_by(error);
    return false;
  }

  [[nodiscard]] Result<> result(bool parsed) && {
    return parsed || has_all_ ? Result<>(Ok{}) : Result<>(Error(std::move(error_)));
  }

 private:
  bool other() {  // a value that is none of these
    error_ = "this is no object";
    return depth_ != 0;
  }
  bool open() {
    error_ = "this is nested too deeply";
    return ++depth_ <= deepest;
  }

  std::span<const std::string_view> names_;
  std::span<std::string> into_;
  std::size_t at_ = std::numeric_limits<std::size_t>::max();  // of the member whose value comes
  std::size_t depth_ = 0;
  bool has_all_ = false;
  std::string error_;
};

// As nlohmann-json writes a value that has no parts.
std::string written(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

class Writer {
 public:
  Writer(std::string& out, JsonLayout layout) : out_(out), layout_(layout) {}

  void write(const Json& value) {
    switch (value.kind()) {
      case Json::Kind::null:
        out_ += "null";
        break;
      case Json::Kind::boolean:
        out_ += *value.boolean() ? "true" : "false";
        break;
      case Json::Kind::number:
        write_number(value);
        break;
      case Json::Kind::text:
        write_text(*value.text());
        break;
      case Json::Kind::array:
        write_parts('[', value.items(), ']', [&](const Json& item) { write(item); });
        break;
      case Json::Kind::object:
        write_parts('{', value.members(), '}', [&](const Json::Member& member) {
          write_text(member.name);
          out_ += layout_ == JsonLayout::indented ? ": " : ":";
          write(member.value);
        });
        break;
    }
  }

 private:
  void write_number(const Json& value) {
    if (const auto positive = value.natural()) {
      out_ += std::to_string(*positive);
    } else if (const auto negative = value.integer()) {
      out_ += std::to_string(*negative);
    } else {
      out_ += written(*value.real());
    }
  }
  void write_text(std::string_view text) {
    if (is_plain(text)) {
      out_ += '"';
      out_ += text;
      out_ += '"';
    } else {
      out_ += written(std::string(text));
    }
  }
  void new_line() {
    if (layout_ == JsonLayout::indented) {
      out_ += '\n';
      out_.append(depth_ * 2, ' ');
    }
  }
  template <typename Parts, typename Write>
  void write_parts(char begin, const Parts& parts, char end, Write write_one) {
    out_ += begin;
    ++depth_;
    for (const auto& part : parts) {
      if (&part != &parts.front()) {
        out_ += ',';
      }
      new_line();
      write_one(part);
    }
    --depth_;
    if (!parts.empty()) {
      new_line();
    }
    out_ += end;
  }

  std::string& out_;
  JsonLayout layout_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string json_text(const Json& value, JsonLayout layout) {
  std::string out;
  Writer(out, layout).write(value);
  return out;
}

Result<Json> parse_json(std::string_view text) {
  Maker maker;
  const bool parsed = nlohmann::json::sax_parse(text, &maker);
  return std::move(maker).result(parsed);
}

Result<> read_texts(std::string_view text, std::span<const std::string_view> names,
                    std::span<std::string> into) {
  assert(names.size() == into.size());
  for (std::string& one : into) {
    one.clear();
  }
  TextsOfObject reader(names, into);
  const bool parsed = nlohmann::json::sax_parse(text, &reader);
  return std::move(reader).result(parsed);
}

Json json_or_null(std::string_view text) {
  auto parsed = parse_json(text);
  return parsed ? std::move(parsed).value() : Json();
}

}  // namespace weir
