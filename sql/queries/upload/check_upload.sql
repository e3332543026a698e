-- Reads the text fields of upload_field as numbers and grades, and finds the first thing that is wrong with each row.
-- Grades match whatever their case and surrounding space. Far out are values that no diamond has: they would spoil every
-- model, and are slips of typing or of units.

-- The engine's cast alone would take 1_1 for 11.
CREATE OR REPLACE TEMP MACRO read_number(field) AS CASE
    WHEN NOT contains(field, '_') THEN TRY_CAST(trim(field) AS DOUBLE)
END;

CREATE OR REPLACE TEMP MACRO number_problem(field, number, must_be_positive, largest) AS CASE
    WHEN field IS NULL OR trim(field) = '' THEN 'is missing'
    WHEN number IS NULL THEN 'is not a number'
    WHEN NOT isfinite(number) THEN 'is not a finite number'
    WHEN must_be_positive AND number <= 0 THEN 'is not above 0'
    WHEN abs(number) > largest THEN 'is far out: beyond ' || CAST(largest AS VARCHAR)
END;

CREATE OR REPLACE TEMP MACRO grade_problem(field, grade) AS CASE
    WHEN field IS NULL OR trim(field) = '' THEN 'is missing'
    WHEN grade IS NULL THEN 'is not a known grade'
END;

CREATE OR REPLACE TEMP TABLE upload_row AS
WITH typed AS (
    SELECT
        field.line_number,
        field.raw_text,
        field.defect,
        read_number(field.carat) AS carat,
        cut_scale.grade AS cut,
        color_scale.grade AS color,
        clarity_scale.grade AS clarity,
        read_number(field.depth) AS depth_percent,
        read_number(field."table") AS table_percent,
        read_number(field.price) AS price_usd,
        read_number(field.x) AS x_mm,
        read_number(field.y) AS y_mm,
        read_number(field.z) AS z_mm,
        field AS field
    FROM upload_field AS field
    LEFT JOIN (SELECT unnest(enum_range(CAST(NULL AS cut_grade))) AS grade) AS cut_scale
        ON lower(CAST(cut_scale.grade AS VARCHAR)) = lower(trim(field.cut))
    LEFT JOIN (SELECT unnest(enum_range(CAST(NULL AS color_grade))) AS grade) AS color_scale
        ON lower(CAST(color_scale.grade AS VARCHAR)) = lower(trim(field.color))
    LEFT JOIN (SELECT unnest(enum_range(CAST(NULL AS clarity_grade))) AS grade) AS clarity_scale
        ON lower(CAST(clarity_scale.grade AS VARCHAR)) = lower(trim(field.clarity))
),
checked AS (
    SELECT
        *,
        CASE
            WHEN defect IS NOT NULL THEN {'column_name': CAST(NULL AS VARCHAR), 'problem': defect}
            WHEN number_problem(field.carat, carat, true, 1000) IS NOT NULL
                THEN {'column_name': 'carat', 'problem': number_problem(field.carat, carat, true, 1000)}
            WHEN grade_problem(field.cut, cut) IS NOT NULL
                THEN {'column_name': 'cut', 'problem': grade_problem(field.cut, cut)}
            WHEN grade_problem(field.color, color) IS NOT NULL
                THEN {'column_name': 'color', 'problem': grade_problem(field.color, color)}
            WHEN grade_problem(field.clarity, clarity) IS NOT NULL
                THEN {'column_name': 'clarity', 'problem': grade_problem(field.clarity, clarity)}
            WHEN number_problem(field.depth, depth_percent, false, 100) IS NOT NULL
                THEN {'column_name': 'depth', 'problem': number_problem(field.depth, depth_percent, false, 100)}
            WHEN number_problem(field."table", table_percent, false, 100) IS NOT NULL
                THEN {'column_name': 'table', 'problem': number_problem(field."table", table_percent, false, 100)}
            WHEN number_problem(field.price, price_usd, true, 1000000000) IS NOT NULL
                THEN {'column_name': 'price', 'problem': number_problem(field.price, price_usd, true, 1000000000)}
            WHEN number_problem(field.x, x_mm, true, 200) IS NOT NULL
                THEN {'column_name': 'x', 'problem': number_problem(field.x, x_mm, true, 200)}
            WHEN number_problem(field.y, y_mm, true, 200) IS NOT NULL
                THEN {'column_name': 'y', 'problem': number_problem(field.y, y_mm, true, 200)}
            WHEN number_problem(field.z, z_mm, true, 200) IS NOT NULL
                THEN {'column_name': 'z', 'problem': number_problem(field.z, z_mm, true, 200)}
        END AS finding
    FROM typed
)
SELECT
    line_number,
    raw_text,
    finding.column_name AS column_name,
    concat_ws(' ', finding.column_name, finding.problem) AS reason,
    finding IS NULL AS is_sale,
    carat,
    cut,
    color,
    clarity,
    depth_percent,
    table_percent,
    price_usd,
    x_mm,
    y_mm,
    z_mm
FROM checked;
