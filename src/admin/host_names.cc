#include "admin/host_names.h"

#include <algorithm>

#include "weir/endpoint.h"

namespace weir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// Without the port; "" where what follows is none.
std::string_view without_port(std::string_view host) {
  const auto close = host.starts_with('[') ? host.find(']') : std::string_view::npos;
  const auto colon = host.find(':', close == std::string_view::npos ? 0 : close);
  const auto port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
  return std::all_of(port.begin(), port.end(), is_digit) ? host.substr(0, colon)
                                                         : std::string_view();
}

}  // namespace

bool may_be_asked_by(std::string_view host, std::span<const std::string> names) {
  std::string_view name = without_port(host);
  if (name.starts_with('[') && name.ends_with(']')) {
    return Address::parse(name.substr(1, name.size() - 2)).ok();
  }
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  if (name.empty()) {
    return false;
  }
  const std::string wanted = lower(name);
  return wanted == "localhost" || Address::parse(wanted).ok() ||
         std::find(names.begin(), names.end(), wanted) != names.end();
}

}  // namespace weir
