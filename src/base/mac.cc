#include "base/mac.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace weir {
namespace {

constexpr std::string_view digits = "0123456789abcdefABCDEF";

std::optional<Mac> between(std::string_view text, char separator) {
  Mac::Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    if (part.empty() || part.size() > 2 ||
        part.find_first_not_of(digits) != std::string_view::npos) {
      return std::nullopt;
    }
    unsigned value = 0;
    std::from_chars(part.data(), part.data() + part.size(), value, 16);
    bytes[i] = static_cast<std::uint8_t>(value);
    const bool last = i + 1 == bytes.size();
    if (last != (end == text.size())) {
      return std::nullopt;
    }
    text.remove_prefix(last ? end : end + 1);
  }
  return Mac(bytes);
}

// Twelve digits, in whatever groups: 02005e100001, 0200.5e10.0001.
std::string meant_by(std::string_view text) {
  std::string bare;
  for (const char one : text) {
    if (digits.find(one) != std::string_view::npos) {
      bare += one;
    } else if (one != '.' && one != ':' && one != '-' && one != ' ') {
      return "";
    }
  }
  std::string spread;
  for (std::size_t i = 0; i < bare.size(); ++i) {
    spread += (i != 0 && i % 2 == 0 ? ":" : "");
    spread += bare[i];
  }
  const auto mac = between(spread, ':');
  return mac && bare.size() == 2 * mac->bytes().size() ? ", did you mean '" + mac->text() + "'?"
                                                       : "";
}

}  // namespace

Result<Mac> Mac::parse(std::string_view text) {
  if (const auto mac = between(text, ':')) {
    return *mac;
  }
  if (const auto mac = between(text, '-')) {
    return *mac;
  }
  const std::string meant = meant_by(text);
  return Error(quoted(text) + " is no MAC address" +
               (meant.empty() ? " (six bytes, like 02:00:5e:10:00:01)" : meant));
}

Result<Mac> Mac::parse_device(std::string_view text) {
  auto mac = parse(text);
  if (!mac) {
    return mac;
  }
  if (mac.value().is_zero()) {
    return Error(quoted(text) + " is no device's MAC address: it is all zeros");
  }
  if (mac.value().is_group()) {
    return Error(quoted(text) + " is no device's MAC address but a group's");
  }
  return mac;
}

Mac Mac::from_memory(std::uint64_t number) {
  Bytes bytes{};
  std::memcpy(bytes.data(), &number, bytes.size());
  return Mac(bytes);
}

std::string Mac::text() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes_[0], bytes_[1], bytes_[2],
                     bytes_[3], bytes_[4], bytes_[5]);
}

}  // namespace weir
