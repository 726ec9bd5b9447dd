#include "base/escape.h"

#include <array>
#include <cstdint>

namespace weir {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

// One character of UTF-8, or one byte that is none.
struct Character {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};

// Decodes the character at `at` by the table of well-formed sequences (Unicode 15, table 3-7):
// overlong forms, surrogates and anything beyond U+10FFFF are not characters.
Character decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1, true};
  }
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() - at < length) {
    return {};
  }
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      return {};
    }
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  const char32_t min = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    return {};
  }
  return {code, length, true};
}

// Characters that do something instead of showing something.
bool prints(char32_t code) {
  return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) &&  // C0, DEL, C1 (8-bit CSI among them)
         code != 0x061c && !(code >= 0x200b && code <= 0x200f) &&  // invisible, direction marks
         !(code >= 0x2028 && code <= 0x202e) &&                    // line ends, bidi overrides
         !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff &&
         !(code >= 0xfff9 && code <= 0xfffb) && !(code >= 0xe0000 && code <= 0xe0fff);  // tags
}

void append_u16(std::string& out, std::uint32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    out += hex_digits[(unit >> static_cast<unsigned>(shift)) & 0xfU];
  }
}

void append_json_escape(std::string& out, char32_t code) {
  switch (code) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (code >= 0x10000) {  // a surrogate pair
    append_u16(out, 0xd800U + ((code - 0x10000U) >> 10U));
    append_u16(out, 0xdc00U + ((code - 0x10000U) & 0x3ffU));
  } else {
    append_u16(out, code);
  }
}

void append_hex_byte(std::string& out, std::uint8_t byte) {
  out += "\\x";
  out += hex_digits[byte >> 4U];
  out += hex_digits[byte & 0xfU];
}

void append_text_escape(std::string& out, char32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code < 0x80) {
    append_hex_byte(out, static_cast<std::uint8_t>(code));
  } else {
    out += "\\u{";
    bool leading = true;
    for (int shift = 20; shift >= 0; shift -= 4) {
      const auto digit = (code >> static_cast<unsigned>(shift)) & 0xfU;
      leading = leading && digit == 0;
      if (!leading) {
        out += hex_digits[digit];
      }
    }
    out += '}';
  }
}

enum class Quotes : std::uint8_t { keep, escape };

void append_escaped(std::string& out, std::string_view text, Quotes quotes) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = decode(text, at);
    if (!character.valid) {
      append_hex_byte(out, static_cast<std::uint8_t>(text[at]));
    } else if (!prints(character.code)) {
      append_text_escape(out, character.code);
    } else if (quotes == Quotes::escape && (character.code == '"' || character.code == '\\')) {
      out += '\\';
      out += text[at];
    } else {
      out.append(text, at, character.length);
    }
    at += character.length;
  }
}

// ASCII that needs no care, so that nearly every string is copied whole after one look.
using AsciiSet = std::array<bool, 256>;

constexpr AsciiSet plain_except(std::string_view others) {
  AsciiSet set{};
  for (std::size_t i = 0x20; i < 0x7f; ++i) {
    set[i] = others.find(static_cast<char>(i)) == std::string_view::npos;
  }
  return set;
}

constexpr AsciiSet plain_in_json = plain_except("\"\\");
constexpr AsciiSet plain_in_value = plain_except(" \"\\=");
constexpr AsciiSet plain_in_sentence = plain_except("");

bool is_plain(const AsciiSet& set, std::string_view text) {
  for (const char c : text) {
    if (!set[static_cast<std::uint8_t>(c)]) {
      return false;
    }
  }
  return true;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (is_plain(plain_in_json, text)) {
    out += text;
  } else {
    for (std::size_t at = 0; at < text.size();) {
      const Character character = decode(text, at);
      if (!character.valid) {
        out += "\\ufffd";
      } else if (character.code == '"' || character.code == '\\' || !prints(character.code)) {
        append_json_escape(out, character.code);
      } else {
        out.append(text, at, character.length);
      }
      at += character.length;
    }
  }
  out += '"';
}

void append_value(std::string& out, std::string_view text) {
  if (!text.empty() && is_plain(plain_in_value, text)) {
    out += text;
    return;
  }
  out += '"';
  append_escaped(out, text, Quotes::escape);
  out += '"';
}

void append_printable(std::string& out, std::string_view text) {
  if (is_plain(plain_in_sentence, text)) {
    out += text;
    return;
  }
  append_escaped(out, text, Quotes::keep);
}

}  // namespace weir
