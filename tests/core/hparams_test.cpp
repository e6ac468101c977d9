#include "core/hparams.h"

#include <gtest/gtest.h>

namespace savp {

enum class Shape { kRound, kSquare };
template <>
struct EnumNames<Shape> {
  static constexpr std::pair<Shape, const char*> kTable[] = {{Shape::kRound, "round"},
                                                             {Shape::kSquare, "square"}};
};

namespace {

struct Base {
  using Self = Base;
  HPARAM(double, lr, 0.001, "learning rate", AtLeast{0});
  HPARAM(int64_t, batch_size, 16, "sequences a step", AtLeast{1});
};
struct Derived : Base {
  using Self = Derived;
  Derived() { lr = 0.5; }
  HPARAM(Size2, kernel_size, (Size2{5, 5}), "height, width");
  HPARAM(std::vector<double>, weights, (std::vector<double>{1.0}), "weights");
  HPARAM(Shape, shape, Shape::kRound, "form");
  HPARAM(bool, on, false, "switch");
  HPARAM(std::string, name, "", "a name");
  HPARAM(std::optional<int64_t>, seed, std::nullopt, "seed");
};
struct Twice : Base {
  using Self = Twice;
  HPARAM(double, lr, 0.1, "again");
};

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}
std::string text_error(const std::string& text) {
  Derived hp;
  return error_of([&] { HparamsView(hp).override_from_text(text, "--model_hparams"); });
}

TEST(Hparams, SchemaListsBasesFirstAndShowsTheVariantsDefault) {
  Derived hp;
  HparamsView view(hp);
  EXPECT_EQ(view.names(), (std::vector<std::string>{"lr", "batch_size", "kernel_size", "weights", "shape",
                                                    "on", "name", "seed"}));
  EXPECT_EQ(view.get("lr"), 0.5);
  EXPECT_EQ(view.get("seed"), nullptr);
  EXPECT_NE(describe(view).find("batch_size (int, at least 1; default 16)"), std::string::npos);
}

TEST(Hparams, TextSetsEveryKind) {
  Derived hp;
  HparamsView(hp).override_from_text(
      "lr=1e-4, batch_size= 1_000,kernel_size=[3, 7],weights=[.5 2],shape=square,on=True,name=a b ,seed=7,",
      "");
  EXPECT_EQ(hp.lr, 1e-4);
  EXPECT_EQ(hp.batch_size, 1000);
  EXPECT_EQ(hp.kernel_size, (Size2{3, 7}));
  EXPECT_EQ(hp.weights, (std::vector<double>{0.5, 2.0}));
  EXPECT_EQ(hp.shape, Shape::kSquare);
  EXPECT_TRUE(hp.on);
  EXPECT_EQ(hp.name, "a b ");
  EXPECT_EQ(hp.seed, 7);
}

TEST(Hparams, TextErrorsNameTheCulprit) {
  EXPECT_NE(text_error("batch_sise=3").find("did you mean batch_size?"), std::string::npos);
  EXPECT_NE(text_error("batch_size=1.7").find("batch_size=\"1.7\" must be a whole number"),
            std::string::npos);
  EXPECT_NE(text_error("batch_size=0").find("must be at least 1"), std::string::npos);
  EXPECT_NE(text_error("lr=1,lr=2").find("set twice"), std::string::npos);
  EXPECT_NE(text_error("lr=1,,batch_size=2").find("a name expected"), std::string::npos);
  EXPECT_NE(text_error(" lr=1").find("a name expected"), std::string::npos);
  EXPECT_NE(text_error("weights=3").find("is a list"), std::string::npos);
  EXPECT_NE(text_error("lr=[3]").find("is not a list"), std::string::npos);
  EXPECT_NE(text_error("weights=[1] ,lr=1").find("',' expected"), std::string::npos);
  EXPECT_NE(text_error("weights[1]=1").find("weights[1] is beyond its 1 values"), std::string::npos);
  EXPECT_NE(text_error("weights[0]=[1]").find("takes one value"), std::string::npos);
  EXPECT_NE(text_error("weights[0]=1,weights=[2]").find("set twice"), std::string::npos);
  EXPECT_NE(text_error("weights[0]=1,weights[0]=2").find("set twice"), std::string::npos);
  EXPECT_NE(text_error("lr[0]=1").find("lr is not a list"), std::string::npos);
  EXPECT_NE(text_error("kernel_size=[1]").find("list of 2"), std::string::npos);
  EXPECT_NE(text_error("shape=rond").find("did you mean round?"), std::string::npos);
  EXPECT_NE(text_error("on=TRUE").find("true or false"), std::string::npos);
  EXPECT_NE(text_error("batch_size=99999999999999999999").find("64 bits"), std::string::npos);
  EXPECT_NE(text_error("batch_size=\xff").find("must be a whole number"), std::string::npos) << "no UTF-8";
  EXPECT_NE(text_error("a\x1b[31m=1").find("cannot read \"a\\x1b[31m=1\""), std::string::npos);
  EXPECT_LT(text_error(std::string(30000, 'a') + "=1").size(), 300U);
  for (const char* number : {"+-1", "-+1", "--1", "+", "1_", "_1", "1__0", "- 1", "0x10", "1e3", ""})
    EXPECT_NE(text_error(concat("batch_size=", number)).find("must be a whole number"), std::string::npos)
        << number;
  for (const char* number : {"+-1", "-+1", "--1", "1e", "e5", ".", "1_", "- 1", "0x10", ""})
    EXPECT_NE(text_error(concat("lr=", number)).find("must be a number"), std::string::npos) << number;
}

TEST(Hparams, TextSetsElementsOfLists) {
  Derived hp;
  HparamsView(hp).override_from_text("kernel_size[1]=7,weights[0]=2,kernel_size[ 0 ]=3", "");
  EXPECT_EQ(hp.kernel_size, (Size2{3, 7}));
  EXPECT_EQ(hp.weights, (std::vector<double>{2.0}));
}

TEST(Hparams, AFailedTextChangesNothingThatItCouldNotRead) {
  Derived hp;
  EXPECT_THROW(HparamsView(hp).override_from_text("batch_size=3,lr=x", ""), UsageError);
  EXPECT_EQ(hp.batch_size, 16);
}

TEST(Hparams, JsonIsStrictAboutTypes) {
  Derived hp;
  HparamsView view(hp);
  view.override_from_json(Json::parse(R"({"lr": 1, "kernel_size": [3, 3], "seed": null, "shape": "square"})"),
                          "file");
  EXPECT_EQ(hp.lr, 1.0);
  EXPECT_FALSE(hp.seed.has_value());
  for (const char* bad :
       {R"({"batch_size": 4.0})", R"({"batch_size": true})", R"({"on": 1})", R"({"lr": "1"})",
        R"({"lr": null})", R"({"kernel_size": 3})", R"({"shape": 1})", R"({"nosuch": 1})", "[]"}) {
    const auto message = error_of([&] { view.override_from_json(Json::parse(bad), "file"); });
    EXPECT_EQ(message.rfind("file: ", 0), 0u) << bad << " -> " << message;
  }
}

// What models compute with is a float.
TEST(Hparams, NumbersThatNoFloatHoldsAreRefused) {
  Derived hparams;
  HparamsView view(hparams);
  for (const char* text : {"lr=1e300", "weights=[1,-1e39]"})
    EXPECT_NE(
        error_of([&] { view.override_from_text(text, "test"); }).find("is more than 3.40282e+38 in size"),
        std::string::npos)
        << text;
  EXPECT_THROW(view.set("lr", 1e300), UsageError);
  view.override_from_text("lr=3e38,weights=[-3e38,inf]", "test");
  EXPECT_EQ(hparams.lr, 3e38);
}

TEST(Hparams, RoundTripsThroughJson) {
  Derived hp;
  hp.kernel_size = {2, 9};
  hp.shape = Shape::kSquare;
  Derived other;
  HparamsView(other).override_from_json(HparamsView(hp).to_json(), "file");
  EXPECT_EQ(HparamsView(other).to_json(), HparamsView(hp).to_json());
  EXPECT_EQ(to_json(std::as_const(hp)), HparamsView(hp).to_json());
}

TEST(Hparams, AFieldDeclaredTwiceIsAnError) { EXPECT_THROW(schema<Twice>(), std::logic_error); }

}  // namespace
}  // namespace savp
