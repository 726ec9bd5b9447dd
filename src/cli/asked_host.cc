#include "cli/asked_host.h"

#include <utility>

#include "base/text.h"
#include "sets/name.h"

namespace weir {

Result<std::string> host_in(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  auto name = Name::parse(text);
  if (!name) {
    return name.error();
  }
  if (name.value().form != NameForm::exact) {
    return Error(quoted(text) + " is not the name of one host");
  }
  return std::move(name).value().text;
}

KnownHost known_host(std::string_view name) {
  return {.state = name.empty() ? KnownHost::State::none : KnownHost::State::name, .name = name};
}

}  // namespace weir
