#include "doctor/udp_table.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>

namespace weir::doctor {

namespace {

template <typename Number>
std::optional<Number> hexadecimal(std::string_view digits) {
  Number out{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  const bool is_whole = error == std::errc{} && end == digits.data() + digits.size();
  return is_whole ? std::optional(out) : std::nullopt;
}

// Eight digits for each word of the address, as this machine has words in memory.
std::optional<Address> address_in(std::string_view digits) {
  constexpr std::size_t word_digits = 8;
  std::array<std::uint32_t, 4> words{};
  const std::size_t count = digits.size() / word_digits;
  if (digits.size() % word_digits != 0 || (count != 1 && count != words.size())) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = hexadecimal<std::uint32_t>(digits.substr(i * word_digits, word_digits));
    if (!word) {
      return std::nullopt;
    }
    words[i] = *word;
  }
  if (count == 1) {
    in_addr raw{};
    std::memcpy(&raw, words.data(), sizeof(raw));
    return Address::v4(raw);
  }
  in6_addr raw{};
  std::memcpy(&raw, words.data(), sizeof(raw));
  return Address::v6(raw);
}

// "0100007F:0035"
std::optional<Endpoint> endpoint_in(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto address = address_in(text.substr(0, colon));
  const auto port = hexadecimal<Port>(text.substr(colon + 1));
  return address && port ? std::optional(Endpoint{*address, *port}) : std::nullopt;
}

}  // namespace

std::vector<Address> hearing_addresses(std::string_view table, Port port) {
  std::vector<Address> out;
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    words >> number >> local >> remote;
    const auto here = endpoint_in(local);
    const auto peer = endpoint_in(remote);
    if (here && peer && here->port == port && peer->port == 0) {
      out.push_back(here->address);
    }
  }
  return out;
}

}  // namespace weir::doctor
