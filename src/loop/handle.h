// One libuv handle and the function it calls, owned by the loop: close() is the only way to end it,
// and frees the memory when libuv has really let go of it. No other code calls uv_close.
//
// The loop's thread.
#pragma once

#include <uv.h>

namespace weir {

template <typename Derived, typename UvHandle>
struct Handle {
  UvHandle uv{};

  Handle() { uv.data = static_cast<Derived*>(this); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  static Derived& of(UvHandle* handle) { return *static_cast<Derived*>(handle->data); }

  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&uv),
             [](uv_handle_t* handle) { delete static_cast<Derived*>(handle->data); });
  }

 protected:
  ~Handle() = default;
};

}  // namespace weir
