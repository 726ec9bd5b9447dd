#include "cli/http_answer.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace weir {
namespace {

constexpr std::string_view line_end = "\r\n";

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional(value) : std::nullopt;
}

// The next line, without its end; none: it is not whole.
std::optional<std::string_view> take_line(std::string_view& from) {
  const auto end = from.find(line_end);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto line = from.substr(0, end);
  from.remove_prefix(end + line_end.size());
  return line;
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

struct Head {
  bool chunked = false;
  std::optional<std::uint64_t> length;
};

// What follows the status line, up to and with the empty line.
std::optional<Head> take_head(std::string_view& from) {
  Head head;
  while (const auto line = take_line(from)) {
    if (line->empty()) {
      return head;
    }
    const auto colon = line->find(':');
    if (colon == std::string_view::npos) {
      return std::nullopt;
    }
    const auto begin = line->find_first_not_of(" \t", colon + 1);
    const auto value = begin == std::string_view::npos ? std::string_view() : line->substr(begin);
    if (same(line->substr(0, colon), "content-length")) {
      head.length = number(value, 10);
    } else if (same(line->substr(0, colon), "transfer-encoding")) {
      head.chunked = same(value, "chunked");
    }
  }
  return std::nullopt;
}

// RFC 9112, section 7.1. None: the last chunk is missing.
std::optional<std::string> unchunked(std::string_view from) {
  std::string body;
  while (const auto line = take_line(from)) {
    const auto size = number(line->substr(0, line->find(';')), 16);
    if (!size || *size > from.size()) {
      return std::nullopt;
    }
    if (*size == 0) {
      return body;
    }
    body.append(from.substr(0, *size));
    from.remove_prefix(*size);
    if (!from.starts_with(line_end)) {
      return std::nullopt;
    }
    from.remove_prefix(line_end.size());
  }
  return std::nullopt;
}

std::optional<std::string> body_of(const Head& head, std::string_view rest) {
  if (head.chunked) {
    return unchunked(rest);
  }
  if (head.length) {
    return *head.length <= rest.size() ? std::optional(std::string(rest.substr(0, *head.length)))
                                       : std::nullopt;
  }
  return std::string(rest);
}

std::optional<long> status_of(std::string_view line) {
  constexpr std::string_view version = "HTTP/1.";
  constexpr std::size_t at = 9;  // "HTTP/1.1 200 OK"
  if (!line.starts_with(version) || line.size() < at + 3) {
    return std::nullopt;
  }
  const auto status = number(line.substr(at, 3), 10);
  return status ? std::optional(static_cast<long>(*status)) : std::nullopt;
}

}  // namespace

Result<HttpAnswer> http_answer(std::string_view received) {
  for (;;) {
    const auto line = take_line(received);
    const auto status = line ? status_of(*line) : std::nullopt;
    const auto head = status ? take_head(received) : std::nullopt;
    if (!head) {
      return Error("what came is no HTTP answer");
    }
    if (*status >= 100 && *status < 200) {
      continue;  // 100 Continue: the answer proper follows
    }
    auto body = body_of(*head, received);
    if (!body) {
      return Error("the answer ends before its end");
    }
    return HttpAnswer{.status = *status, .body = *std::move(body)};
  }
}

}  // namespace weir
