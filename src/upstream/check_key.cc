#include "upstream/check_key.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace weir {
namespace {

// \r \n \t \s (a blank) \\ and \xNN.
Result<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    constexpr std::string_view letters = "rnts\\";
    constexpr std::string_view meanings = "\r\n\t \\";
    const char letter = ++i < text.size() ? text[i] : '\0';
    if (const auto at = letters.find(letter); letter != '\0' && at != std::string_view::npos) {
      out += meanings[at];
      continue;
    }
    unsigned byte = 0;
    const auto digits = text.substr(std::min(i + 1, text.size()), 2);
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (letter != 'x' || digits.size() != 2 || code != std::errc{} ||
        end != digits.data() + digits.size()) {
      return Error("a backslash is one of \\r \\n \\t \\s \\\\ or \\xNN");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

Result<CheckTerms> parse_exchange(std::string_view text) {
  constexpr std::string_view udp = "udp ";
  constexpr std::string_view send = "send:";
  constexpr std::string_view expect = "expect:";
  CheckTerms out;
  out.kind = CheckTerms::Kind::exchange;
  if (text.starts_with(udp)) {
    out.protocol = Protocol::udp;
    text.remove_prefix(udp.size());
  }
  const auto split = text.starts_with(expect) ? 0 : text.find(std::string(" ") + "expect:");
  if ((split != 0 && !text.starts_with(send)) || split == std::string_view::npos) {
    return Error("it is none, connect, handshake or [udp] send:TEXT expect:TEXT");
  }
  auto request = unescaped(split == 0 ? "" : text.substr(send.size(), split - send.size()));
  auto answer = unescaped(text.substr(split + (split == 0 ? 0 : 1) + expect.size()));
  for (const auto* one : {&request, &answer}) {
    if (!one->ok()) {
      return one->error();
    }
  }
  if (out.protocol == Protocol::udp && request.value().empty()) {
    return Error("a check over UDP has to send something: udp send:TEXT expect:TEXT");
  }
  out.send = std::move(request).value();
  out.expect = std::move(answer).value();
  return out;
}

}  // namespace

Result<std::optional<CheckTerms>> parse_check(const Settings& settings) {
  const std::string& text = settings.text("check");
  if (text == "none") {
    return std::optional<CheckTerms>();
  }
  CheckTerms out;
  if (text == "handshake") {
    out.kind = CheckTerms::Kind::handshake;
  } else if (text != "connect") {
    auto exchange = parse_exchange(text);
    if (!exchange) {
      return Error("'check': " + exchange.error().text(), settings.location_of("check"));
    }
    out = std::move(exchange).value();
  }
  out.interval = settings.duration("check-interval");
  out.timeout = settings.duration("check-timeout");
  out.rise = static_cast<int>(settings.number("rise"));
  out.fall = static_cast<int>(settings.number("fall"));
  return std::optional(std::move(out));
}

}  // namespace weir
