#include "account/flow_id.h"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>

namespace weir {
namespace {

// Crockford's alphabet: no i, l, o, u, so that an id read aloud or off a screen is the same id.
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t process_characters = 8;
constexpr unsigned count_bits = 48;
constexpr std::uint64_t largest_count = (std::uint64_t{1} << count_bits) - 1;

void append_base32(std::string& out, std::uint64_t number) {
  std::array<char, 13> digits{};
  std::size_t first = digits.size();
  do {
    digits[--first] = alphabet[number & 31U];
    number >>= 5U;
  } while (number != 0);
  out.append(digits.data() + first, digits.size() - first);
}

}  // namespace

std::uint64_t FlowIds::random_process() {
  std::uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof bits)) {
    // Early in boot there may be no randomness yet: the time and our number have to do.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    bits = (static_cast<std::uint64_t>(now.count() / 1000) << 8U) ^
           static_cast<std::uint64_t>(getpid());
  }
  return bits;
}

FlowIds::FlowIds(std::uint64_t process, unsigned worker, std::uint64_t last)
    : last_(last != 0 ? last : std::uint64_t{worker} << count_bits) {
  for (std::size_t i = 0; i < process_characters; ++i) {
    prefix_ += alphabet[process & 31U];
    process >>= 5U;
  }
  prefix_ += '-';
}

std::string FlowIds::text(std::uint64_t number) const {
  std::string out;
  out.reserve(24);
  out += prefix_;
  append_base32(out, number >> count_bits);
  out += '-';
  append_base32(out, number & largest_count);
  return out;
}

std::optional<std::uint64_t> FlowIds::number(std::string_view text) const {
  if (!text.starts_with(prefix_)) {
    return std::nullopt;
  }
  const auto rest = text.substr(prefix_.size());
  const auto dash = rest.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t out = 0;
  for (const auto part : {rest.substr(0, dash), rest.substr(dash + 1)}) {
    std::uint64_t value = 0;
    for (const char c : part) {
      const auto digit = alphabet.find(c);
      if (digit == std::string_view::npos) {
        return std::nullopt;
      }
      value = value << 5U | digit;
    }
    out = out << count_bits | value;
  }
  // Whatever else reads as that number (leading zeros, too many digits) is not its name.
  return this->text(out) == text ? std::optional(out) : std::nullopt;
}

}  // namespace weir
