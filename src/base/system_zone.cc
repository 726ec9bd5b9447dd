#include "base/system_zone.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace weir {
namespace {

// Two hundred times what a zone needs.
constexpr std::streamsize largest = 1024L * 1024;

std::optional<std::string> read_small(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) {
    return std::nullopt;
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(largest), '\0');
  in.read(bytes.data(), largest);
  if (!in.eof() || in.bad()) {
    return std::nullopt;
  }
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

SystemZone utc(std::string problem) {
  return {.zone = {}, .source = "UTC", .problem = std::move(problem)};
}

SystemZone from_file(const std::string& path, const std::string& source) {
  const auto bytes = read_small(path);
  if (!bytes) {
    return utc("cannot read the time zone " + path + ": times are those of UTC");
  }
  auto zone = TimeZone::from_tzif(*bytes);
  if (!zone) {
    return utc(path + ": " + zone.error().text() + ": times are those of UTC");
  }
  return {.zone = std::move(zone).value(), .source = source, .problem = ""};
}

// /etc/localtime is a link to ZONES/Europe/Berlin, or a copy without a name.
std::string name_of(const std::string& localtime) {
  constexpr std::string_view folder = "zoneinfo/";
  std::error_code code;
  const std::string target = std::filesystem::read_symlink(localtime, code).string();
  const auto at = target.find(folder);
  return code || at == std::string::npos
             ? localtime
             : target.substr(at + folder.size()) + " (" + localtime + ")";
}

SystemZone from_variable(std::string_view value, const ZonePlaces& places) {
  const std::string source = "TZ=" + std::string(value);
  if (value.starts_with(':')) {
    value.remove_prefix(1);
  }
  if (value.empty()) {
    return {.zone = {}, .source = "UTC (" + source + ")", .problem = ""};
  }
  const std::string path =
      value.starts_with('/') ? std::string(value) : places.zones + "/" + std::string(value);
  std::error_code code;
  if (std::filesystem::is_regular_file(path, code)) {
    return from_file(path, source);
  }
  auto zone = TimeZone::from_rule(value);
  if (!zone) {
    return utc(source + " is neither a zone of " + places.zones +
               " nor a rule: times are those of UTC");
  }
  return {.zone = std::move(zone).value(), .source = source, .problem = ""};
}

}  // namespace

ZonePlaces ZonePlaces::of_this_process() {
  ZonePlaces out;
  if (const char* tz = std::getenv("TZ"); tz != nullptr) {
    out.tz = tz;
  }
  return out;
}

SystemZone read_system_zone(const ZonePlaces& places) {
  if (places.tz) {
    return from_variable(*places.tz, places);
  }
  const std::string localtime = places.etc + "/localtime";
  std::error_code code;
  if (std::filesystem::exists(localtime, code)) {
    return from_file(localtime, name_of(localtime));
  }
  const std::string rule_file = places.etc + "/TZ";
  if (const auto text = read_small(rule_file)) {
    const std::string_view line = trimmed(std::string_view(*text).substr(0, text->find('\n')));
    auto zone = TimeZone::from_rule(line);
    if (!zone) {
      return utc(rule_file + ": " + zone.error().text() + ": times are those of UTC");
    }
    return {.zone = std::move(zone).value(),
            .source = std::string(line) + " (" + rule_file + ")",
            .problem = ""};
  }
  const bool dangles = std::filesystem::is_symlink(localtime, code);
  return utc(dangles ? localtime + " leads to no file: times are those of UTC"
                     : "neither TZ nor " + localtime +
                           " says which time zone this is: times are "
                           "those of UTC");
}

}  // namespace weir
