#include "gateway/open_questions.h"

#include <algorithm>
#include <optional>

namespace weir {
namespace {

enum class Kind : std::uint8_t { question, answer };

// Nothing where it is no DNS message of that kind.
std::optional<std::uint16_t> id_of(std::span<const std::uint8_t> datagram, Kind kind) {
  constexpr std::size_t header = 12;
  constexpr std::uint8_t is_answer = 0x80;  // QR, in the third byte
  if (datagram.size() < header || ((datagram[2] & is_answer) != 0) != (kind == Kind::answer)) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>((datagram[0] << 8U) | datagram[1]);
}

}  // namespace

void OpenQuestions::asked(std::span<const std::uint8_t> datagram) {
  const auto id = id_of(datagram, Kind::question);
  const bool is_repeated = id && std::find(open_.begin(), open_.end(), *id) != open_.end();
  if (!id || (!is_repeated && open_.size() == most)) {
    is_track_lost_ = true;
  } else if (!is_repeated) {
    open_.push_back(*id);
  }
}

bool OpenQuestions::answered(std::span<const std::uint8_t> datagram) {
  const auto id = id_of(datagram, Kind::answer);
  if (!id) {
    is_track_lost_ = true;
    return false;
  }
  return std::erase(open_, *id) != 0;
}

}  // namespace weir
