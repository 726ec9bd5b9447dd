#include "firewall/nft_listing.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::firewall {

namespace {

// "\tct timeout closing {" → {"ct timeout", "closing"}; none: the line begins no object.
std::optional<NftObject> begun_by(std::string_view line) {
  constexpr std::string_view end = " {";
  if (!line.starts_with('\t') || line.starts_with("\t\t") || !line.ends_with(end)) {
    return std::nullopt;
  }
  line.remove_prefix(1);
  line.remove_suffix(end.size());
  const auto space = line.rfind(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  return NftObject{std::string(line.substr(0, space)), std::string(line.substr(space + 1)), ""};
}

}  // namespace

NftListing read_listing(std::string_view text) {
  NftListing listing;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (auto object = begun_by(line)) {
      listing.objects.push_back(*std::move(object));
    }
    if (listing.objects.empty()) {
      listing.head.append(line).append("\n");
    } else if (!line.empty() && line != "}") {
      listing.objects.back().text.append(line).append("\n");
    }
  }
  return listing;
}

std::string table_in(std::string_view text, std::string_view first_line) {
  bool is_in_it = false;
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    is_in_it = is_in_it || line == first_line;
    if (is_in_it) {
      out.append(line).append("\n");
    }
    if (is_in_it && line == "}") {
      break;
    }
  }
  return out;
}

std::string in_order(std::string_view text) {
  NftListing listing = read_listing(text);
  if (listing.objects.empty()) {
    return listing.head;
  }
  std::sort(listing.objects.begin(), listing.objects.end(),
            [](const NftObject& a, const NftObject& b) { return a.text < b.text; });
  std::string out = std::move(listing.head);
  for (const NftObject& object : listing.objects) {
    out += object.text;
  }
  return out + "}\n";
}

}  // namespace weir::firewall
