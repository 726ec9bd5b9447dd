#include "sniff/http_request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "sets/name.h"
#include "sniff/host_text.h"

namespace weir {
namespace {

constexpr std::size_t longest_method = 32;

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 9110, section 5.6.2.
bool is_token_character(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return is_ascii_letter(c) || is_ascii_digit(c) || others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// RFC 3986, section 3.1.
bool is_scheme_character(char c) {
  return is_ascii_letter(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
}

bool is_blank_or_control(char c) {
  constexpr unsigned char del = 0x7f;
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == del;
}

bool is_host_field(std::string_view name) {
  constexpr std::string_view host = "host";
  return name.size() == host.size() && std::equal(name.begin(), name.end(), host.begin(),
                                                  [](char a, char b) { return lowered(a) == b; });
}

// Whether one of them begins with the other.
bool agree(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  return a.substr(0, size) == b.substr(0, size);
}

// `host[:port]`, as in RFC 3986, section 3.2.2 and 3.2.3. A literal's brackets are no characters of
// a name.
std::optional<std::string> host_in_authority(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(), is_ascii_digit)) {
      return std::nullopt;
    }
  }
  return host_of(text.substr(0, colon));
}

// A piece of a head that ends with a delimiter, which may not have come yet.
struct HeadPart {
  std::string_view text;  // what has come of it, without the delimiter
  bool is_whole = false;
};

HeadPart take_part(std::string_view& rest, char delimiter) {
  const std::size_t end = rest.find(delimiter);
  const bool is_whole = end != std::string_view::npos;
  const HeadPart out{rest.substr(0, end), is_whole};
  rest = is_whole ? rest.substr(end + 1) : std::string_view{};
  return out;
}

std::string_view without_cr(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

// What a request line says as far as it has come.
struct RequestLine {
  bool is_http = false;                       // it is one of HTTP/1, or may become one
  std::optional<std::string_view> authority;  // of an absolute target, or of CONNECT
};

RequestLine read_absolute_target(const HeadPart& target) {
  constexpr std::string_view separator = "://";
  std::string_view rest = target.text;
  while (!rest.empty() && is_scheme_character(rest.front())) {
    rest.remove_prefix(1);
  }
  if (!is_ascii_letter(target.text.front()) || !agree(rest, separator) ||
      (target.is_whole && rest.size() < separator.size())) {
    return {};
  }
  rest.remove_prefix(std::min(rest.size(), separator.size()));
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t user_end = authority.rfind('@');  // RFC 3986, section 3.2.1
  if (user_end != std::string_view::npos) {
    authority.remove_prefix(user_end + 1);
  }
  return {.is_http = true, .authority = authority};
}

// The four forms of RFC 9112, section 3.2.
RequestLine read_target(std::string_view method, const HeadPart& target) {
  if (target.text.empty()) {
    return {.is_http = !target.is_whole, .authority = {}};
  }
  if (std::any_of(target.text.begin(), target.text.end(), is_blank_or_control)) {
    return {};
  }
  if (method == "CONNECT") {
    return {.is_http = target.text.front() != '/', .authority = target.text};
  }
  if (target.text.front() == '/') {
    return {.is_http = true, .authority = {}};
  }
  if (target.text.front() == '*') {
    return {.is_http = method == "OPTIONS" && target.text.size() == 1, .authority = {}};
  }
  return read_absolute_target(target);
}

// "HTTP/1." and a digit, of which the beginning may have come.
bool is_version_1(const HeadPart& version) {
  constexpr std::string_view before_minor = "HTTP/1.";
  constexpr std::size_t size = before_minor.size() + 1;
  return agree(version.text, before_minor) && version.text.size() <= size &&
         (version.text.size() < size || is_ascii_digit(version.text.back())) &&
         (!version.is_whole || version.text.size() == size);
}

// Of a line that is not empty.
RequestLine read_request_line(const HeadPart& line) {
  std::string_view rest = line.text;
  const HeadPart method = take_part(rest, ' ');
  if (!is_token(method.text) || method.text.size() > longest_method) {
    return {};
  }
  if (!method.is_whole) {
    return {.is_http = !line.is_whole, .authority = {}};
  }
  const HeadPart target = take_part(rest, ' ');
  RequestLine out = read_target(method.text, target);
  const bool has_version = target.is_whole && is_version_1({rest, line.is_whole});
  const bool may_have_one = !target.is_whole && !line.is_whole;
  out.is_http = out.is_http && (has_version || may_have_one);
  return out;
}

Sniffed answer_of(std::optional<std::string> host) {
  return host ? Sniffed{.state = Sniffed::State::name, .name = *std::move(host)}
              : Sniffed::nothing();
}

// From the first field line on. The answer is known early only where there is none: any further
// Host has that same flaw, or differs.
Sniffed read_fields(std::string_view rest) {
  std::optional<std::string> host;
  bool may_fold = false;  // the line before is a field that may go on in this one
  while (true) {
    const HeadPart part = take_part(rest, '\n');
    if (!part.is_whole) {
      return {};
    }
    const std::string_view line = without_cr(part.text);
    if (line.empty()) {
      return answer_of(std::move(host));
    }
    if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
      return Sniffed::nothing();
    }
    if (blanks.find(line.front()) != std::string_view::npos) {
      if (!may_fold) {
        return Sniffed::nothing();
      }
      continue;
    }
    std::string_view value = line;
    const HeadPart name = take_part(value, ':');
    if (!name.is_whole || !is_token(name.text)) {
      return Sniffed::nothing();
    }
    may_fold = !is_host_field(name.text);
    if (may_fold) {
      continue;
    }
    auto named = host_in_authority(trimmed(value));
    if (!named || (host && *host != *named)) {
      return Sniffed::nothing();
    }
    host = std::move(named);
  }
}

Sniffed read_request_head(std::string_view head) {
  HeadPart line = take_part(head, '\n');
  while (line.is_whole && without_cr(line.text).empty()) {
    line = take_part(head, '\n');
  }
  const std::string_view text = without_cr(line.text);
  if (text.empty()) {
    return {};
  }
  // Nothing but the line's end follows a CR.
  const bool is_text_whole = line.is_whole || text.size() < line.text.size();
  const RequestLine request = read_request_line({text, is_text_whole});
  if (!request.is_http) {
    return Sniffed::nothing();
  }
  if (!line.is_whole) {
    return {};
  }
  return request.authority ? answer_of(host_in_authority(*request.authority)) : read_fields(head);
}

}  // namespace

bool may_begin_http(std::uint8_t first) {
  const char c = static_cast<char>(first);
  return is_token_character(c) || c == '\r' || c == '\n';
}

Sniffed sniff_http(std::span<const std::uint8_t> first_bytes) {
  const std::string_view bytes(reinterpret_cast<const char*>(first_bytes.data()),
                               first_bytes.size());
  Sniffed out = read_request_head(bytes.substr(0, longest_request_head));
  const bool is_too_long =
      out.state == Sniffed::State::more && bytes.size() >= longest_request_head;
  return is_too_long ? Sniffed::nothing() : out;
}

}  // namespace weir
