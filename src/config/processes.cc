#include "config/processes.h"

#include <algorithm>
#include <optional>

#include "base/quantity.h"
#include "base/text.h"
#include "config/items.h"

namespace weir {
namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
  const auto number = parse_number(text);
  // The last number stands for "no user" in the kernel.
  const bool is_user = number.ok() && number.value() >= 0 && number.value() < UINT32_MAX;
  return is_user ? std::optional(static_cast<std::uint32_t>(number.value())) : std::nullopt;
}

// "/system.slice/tor.service/" as "system.slice/tor.service".
std::string without_slashes(const std::string& path) {
  const auto first = path.find_first_not_of('/');
  const auto last = path.find_last_not_of('/');
  return first == std::string::npos ? std::string() : path.substr(first, last - first + 1);
}

bool is_cgroup(const std::string& path) {
  constexpr std::size_t longest = 512;  // what iptables' -m cgroup --path takes
  const bool steps_aside = ("/" + path + "/").find("/../") != std::string::npos ||
                           ("/" + path + "/").find("/./") != std::string::npos ||
                           path.find("//") != std::string::npos;
  return !path.empty() && path.size() < longest && !steps_aside &&
         path.find_first_of("\"'\\ \t") == std::string::npos;
}

}  // namespace

std::vector<UserSetting> users_of(const Settings& settings, std::string_view key,
                                  const Files& files, Findings& findings) {
  std::vector<UserSetting> out;
  each_item(settings, key, [&](const Value& item) {
    auto id = number_of(item.text);
    id = id ? id : files.user(item.text);
    if (!id) {
      findings.error(item.location, quoted(key) + ": there is no user " + quoted(item.text));
    } else if (std::any_of(out.begin(), out.end(),
                           [&](const UserSetting& other) { return other.id == *id; })) {
      findings.warning(item.location, "user " + item.text + " is named twice");
    } else {
      out.push_back({.text = item.text, .id = *id});
    }
  });
  return out;
}

std::vector<std::string> cgroups_of(const Settings& settings, std::string_view key,
                                    Findings& findings) {
  std::vector<std::string> out;
  each_item(settings, key, [&](const Value& item) {
    const std::string path = without_slashes(item.text);
    if (!is_cgroup(path)) {
      findings.error(item.location, quoted(key) + ": " + quoted(item.text) +
                                        " is no path of a control group (like "
                                        "system.slice/tor.service)");
    } else if (std::find(out.begin(), out.end(), path) != out.end()) {
      findings.warning(item.location, "control group " + path + " is named twice");
    } else {
      out.push_back(path);
    }
  });
  return out;
}

}  // namespace weir
