#include "upstream/assembly.h"

#include <algorithm>

#include "upstream/registry.h"

namespace weir {
namespace {

bool is_current(const Upstream& upstream) {
  return upstream.server_set() == nullptr || upstream.server_set()->is_current();
}

}  // namespace

Result<std::shared_ptr<Upstream>> UpstreamAssembly::get(std::string_view name) {
  if (const auto found = made_.find(name); found != made_.end()) {
    return found->second;
  }
  if (std::find(under_way_.begin(), under_way_.end(), name) != under_way_.end()) {
    looped_ = true;
    return Error("upstream '" + std::string(name) + "' leads back to itself through this line");
  }
  const auto section = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const Settings& one) { return one.name() == name; });
  if (section == sections_.end()) {
    if (auto made = builtin(name)) {
      return made;
    }
    return instead_of(name, Error("unknown upstream '" + std::string(name) + "'"));
  }
  if (absent_ == Absent::replaced && !is_complete(*section)) {
    return instead_of(name, Error(""));
  }
  Made made = make(*section);
  if (!made) {
    return instead_of(name, made.error());
  }
  return made_.emplace(std::string(name), std::move(made)).first->second;
}

Result<std::shared_ptr<Upstream>> UpstreamAssembly::make(const Settings& section) {
  under_way_.push_back(section.name());
  Made made = Error("");
  if (auto same = kept(section)) {
    made = std::move(same);
  } else {
    made = make_upstream(section, servers_, [this](std::string_view other) { return get(other); });
    if (auto former = before(section);
        !made && former && previous_.outside == Previous::Outside::left) {
      not_renewed_.push_back(made.error());
      made = std::move(former);
    }
  }
  under_way_.pop_back();
  return made;
}

std::shared_ptr<Upstream> UpstreamAssembly::before(const Settings& section) const {
  for (std::size_t i = 0; i < previous_.sections.size(); ++i) {
    if (previous_.sections[i].name() == section.name() &&
        previous_.sections[i].same_values(section)) {
      return previous_.upstreams[i];
    }
  }
  return nullptr;
}

// The same upstream as before, if the section says the same and leads to the same.
std::shared_ptr<Upstream> UpstreamAssembly::kept(const Settings& section) {
  auto same = before(section);
  if (!same || !is_current(*same) ||
      (previous_.outside == Previous::Outside::looked_at && !same->is_up_to_date(section))) {
    return nullptr;
  }
  const auto dependencies = same->dependencies();
  const bool leads_to_the_same =
      std::all_of(dependencies.begin(), dependencies.end(), [&](const auto& other) {
        const auto now = get(other->name());
        return now.ok() && now.value() == other;
      });
  return leads_to_the_same ? same : nullptr;
}

std::shared_ptr<Upstream> UpstreamAssembly::builtin(std::string_view name) {
  const auto named = [&](const std::shared_ptr<Upstream>& one) { return one->name() == name; };
  if (const auto found = std::find_if(builtins_.begin(), builtins_.end(), named);
      found != builtins_.end()) {
    return *found;
  }
  const auto before = previous_.upstreams.subspan(previous_.sections.size());
  const auto found = std::find_if(before.begin(), before.end(), named);
  auto made = found != before.end() ? *found : make_builtin(name);
  if (made) {
    builtins_.push_back(made);
  }
  return made;
}

Result<std::shared_ptr<Upstream>> UpstreamAssembly::instead_of(std::string_view name,
                                                               const Error& error) {
  // A loop runs through the section that asks, too, and is reported there.
  if (absent_ == Absent::refused || looped_) {
    return error;
  }
  auto substitute = make_builtin("direct");
  made_.emplace(std::string(name), substitute);
  return substitute;
}

}  // namespace weir
