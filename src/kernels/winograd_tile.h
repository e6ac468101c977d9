// The constants of Winograd's minimal filtering, worked out at compile time (Toom-Cook construction; Lavin &
// Gray 2016, "Fast algorithms for convolutional neural networks"; points after Barabasz et al. 2020, "Error
// analysis and improving the accuracy of Winograd convolution").
//
// m outputs of a filter of r taps, y = At [(G g) . (Bt d)], cost a = m + r - 1 multiplications instead of m
// r. In two dimensions all three transforms are applied to rows and columns: a^2 products for m^2 outputs of
// r^2 taps each.
#pragma once

namespace savp::kernels {

template <int kRows, int kColumns>
struct Matrix {
  double at[kRows][kColumns];
};

// Finite evaluation points, the point at infinity comes last and is not listed. Chosen for the smallest
// rounding error.
template <int kSize>
constexpr double kPoints[kSize - 1]{};
template <>
inline constexpr double kPoints<4>[] { 0, 1, -1 };
template <>
inline constexpr double kPoints<5>[] { 0, 1, -1, 0.5 };
template <>
inline constexpr double kPoints<6>[] { 0, 1, -1, 0.5, -2 };
template <>
inline constexpr double kPoints<8>[] { 0, 1, -1, 0.5, -0.5, 2, -2 };

template <int kOutputs, int kTaps>
struct Tile {
  static constexpr int m = kOutputs;
  static constexpr int r = kTaps;
  static constexpr int a = m + r - 1;

  // prod over j != i of (p_i - p_j)
  static constexpr double scale(int i) {
    double product = 1;
    for (int j = 0; j < a - 1; ++j) {
      if (j != i) product *= kPoints<a>[i] - kPoints<a>[j];
    }
    return product;
  }

  // [a, columns] powers of the points; the last row stands for infinity.
  template <int kColumns>
  static constexpr Matrix<a, kColumns> powers(bool scaled) {
    Matrix<a, kColumns> v{};
    for (int i = 0; i < a - 1; ++i) {
      double power = scaled ? 1 / scale(i) : 1;
      for (int j = 0; j < kColumns; ++j, power *= kPoints<a>[i]) v.at[i][j] = power;
    }
    v.at[a - 1][kColumns - 1] = 1;
    return v;
  }

  template <int kRows, int kColumns>
  static constexpr Matrix<kColumns, kRows> transposed(const Matrix<kRows, kColumns>& x) {
    Matrix<kColumns, kRows> y{};
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) y.at[j][i] = x.at[i][j];
    }
    return y;
  }

  // Row i: coefficients of prod over j != i of (x - p_j); the last row: of the product over all points.
  static constexpr Matrix<a, a> polynomials() {
    Matrix<a, a> v{};
    for (int i = 0; i < a; ++i) {
      v.at[i][0] = 1;
      for (int j = 0, degree = 0; j < a - 1; ++j) {
        if (j == i) continue;
        ++degree;
        for (int d = degree; d >= 0; --d)
          v.at[i][d] = (d > 0 ? v.at[i][d - 1] : 0) - kPoints<a>[j] * v.at[i][d];
      }
    }
    return v;
  }

  static constexpr Matrix<a, m> kA = powers<m>(false);
  static constexpr Matrix<m, a> kAt = transposed(kA);
  static constexpr Matrix<a, r> kG = powers<r>(true);
  static constexpr Matrix<r, a> kGt = transposed(kG);
  static constexpr Matrix<a, a> kBt = polynomials();
};

}  // namespace savp::kernels
