#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "sets/line_formats.h"
#include "sets/shown.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 5> keys{
    "address=", "server=", "local=", "ipset=", "nftset="};

std::string_view key_of(std::string_view text) {
  const auto* key = std::find_if(keys.begin(), keys.end(),
                                 [&](std::string_view one) { return text.starts_with(one); });
  return key == keys.end() ? std::string_view{} : *key;
}

Result<ListItem> read_domain(std::string_view domain) {
  if (domain.empty() || domain == "#") {
    return Error(domain.empty() ? "'//' is every name without a dot: no list can name those"
                                : "'/#/' is every name: no list can name those");
  }
  auto name = Name::parse(domain);
  if (!name) {
    return name.error();
  }
  Name& one = name.value();
  one.form = one.form == NameForm::exact ? NameForm::both : one.form;
  return ListItem{.what = std::move(one)};
}

}  // namespace

bool is_dnsmasq_line(std::string_view text) { return !key_of(text).empty(); }

Result<> read_dnsmasq_line(std::string_view text, std::vector<ListItem>& items) {
  const std::string_view key = key_of(text);
  std::string_view domains = text.substr(key.size());
  const auto end = domains.rfind('/');
  if (!domains.starts_with('/') || end == 0) {
    return Error(shown(text) + " names no name, as in '" + std::string(key) + "/NAME/…'");
  }
  const std::string_view target = domains.substr(end + 1);
  if (target == "#" && key == "server=") {
    return Error(shown(text) + " takes names out of others: that is no list");
  }
  domains = domains.substr(1, end - 1);
  while (true) {
    const auto slash = domains.find('/');
    auto item = read_domain(domains.substr(0, slash));
    if (!item) {
      return item.error();
    }
    items.push_back(std::move(item).value());
    if (slash == std::string_view::npos) {
      return Ok{};
    }
    domains.remove_prefix(slash + 1);
  }
}

}  // namespace weir
