// Takes the place of the library of this name, which a node for this machine would have to download:
// reads one flat object of texts, such as {"response": "green"}. On a real reader the real one is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace ArduinoJson {

class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void *allocate(size_t size) = 0;
  virtual void deallocate(void *ptr) = 0;
  virtual void *reallocate(void *ptr, size_t new_size) = 0;
};

namespace detail {
class DefaultAllocator : public Allocator {
 public:
  void *allocate(size_t size) override { return std::malloc(size); }
  void deallocate(void *ptr) override { std::free(ptr); }
  void *reallocate(void *ptr, size_t new_size) override { return std::realloc(ptr, new_size); }
  static Allocator *instance() {
    static DefaultAllocator allocator;
    return &allocator;
  }
};
}  // namespace detail

using Texts = std::map<std::string, std::string>;

class JsonVariantConst {
 public:
  explicit JsonVariantConst(std::string text) : text_(std::move(text)) {}
  template<typename T> T as() const { return T(text_); }

 private:
  std::string text_;
};

struct JsonString {
  JsonString(const char *, size_t, bool) {}
};

struct JsonVariant {  // nothing is written
  template<typename T> void set(const T &) { std::abort(); }
};

class JsonObject {
 public:
  JsonObject() = default;
  explicit JsonObject(std::shared_ptr<Texts> texts) : texts_(std::move(texts)) {}
  JsonVariantConst operator[](const char *key) const {
    const bool known = texts_ && texts_->count(key);
    return JsonVariantConst(known ? texts_->at(key) : "");
  }
  std::shared_ptr<Texts> texts() const { return texts_; }

 private:
  std::shared_ptr<Texts> texts_;
};

using JsonObjectConst = JsonObject;

class JsonDocument {
 public:
  explicit JsonDocument(Allocator * = nullptr) {}
  JsonDocument(const JsonObject &object) : object_(object) {}
  bool overflowed() const { return false; }
  bool isNull() const { return !object_.texts(); }
  template<typename T> T as() const { return object_; }
  template<typename T> T to() { return object_ = JsonObject(std::make_shared<Texts>()); }
  friend void swap(JsonDocument &one, JsonDocument &other) { std::swap(one.object_, other.object_); }

 private:
  JsonObject object_;
};

class DeserializationError {
 public:
  enum Code { Ok, InvalidInput, NoMemory };
  DeserializationError(Code code) : code_(code) {}
  friend bool operator==(const DeserializationError &error, Code code) { return error.code_ == code; }
  const char *c_str() const { return code_ == Ok ? "Ok" : "InvalidInput"; }

 private:
  Code code_;
};

class Reader {
 public:
  Reader(const uint8_t *data, size_t size) : at_(reinterpret_cast<const char *>(data)), end_(at_ + size) {}
  bool object(Texts &texts) {
    if (!take_('{'))
      return false;
    for (bool more = !take_('}'); more; more = take_(',')) {
      std::string key, value;
      if (!text_(key) || !take_(':') || !text_(value))
        return false;
      texts[key] = value;
      if (take_('}'))
        break;
    }
    return *(at_ - 1) == '}';
  }

 private:
  bool take_(char wanted) {
    while (at_ < end_ && std::strchr(" \t\r\n", *at_))
      ++at_;
    if (at_ == end_ || *at_ != wanted)
      return false;
    ++at_;
    return true;
  }
  bool text_(std::string &text) {
    if (!take_('"'))
      return false;
    for (; at_ < end_ && *at_ != '"' && *at_ != '\\'; ++at_)
      text += *at_;
    return take_('"');
  }
  const char *at_, *end_;
};

inline DeserializationError deserializeJson(JsonDocument &document, const uint8_t *data, size_t size) {
  const auto object = document.to<JsonObject>();
  return Reader(data, size).object(*object.texts()) ? DeserializationError::Ok : DeserializationError::InvalidInput;
}

inline size_t serializeJson(const JsonDocument &, char *, size_t) { std::abort(); }

}  // namespace ArduinoJson

using namespace ArduinoJson;
