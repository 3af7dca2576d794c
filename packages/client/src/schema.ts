/* eslint-disable */
// Generated from the OpenAPI document by `npm run docs`: do not edit.

export interface paths {
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Answered while the store is away too, to tokens that it has seen before.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the process can serve requests now
         * @description 503 while it starts or stops, and while the store does not answer.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List insights, page by page
         * @description Follow `next` until it is null. A page stays where it is while others create and delete insights. Filters other than `external_id`, and than that on the key of the ordering, look through insights that they do not give: a page looks at 5,000 at most, so that it may be short, or empty, and have a `next` all the same.
         */
        get: operations["listInsights"];
        put?: never;
        /**
         * Store an insight and ask for its counts
         * @description Answers at once, before any platform was asked: the score is 0.00 and the counts are null. Under an `Idempotency-Key` a request that got no answer can be sent again and makes one insight: the repeat gets the answer of the first one.
         */
        post: operations["createInsight"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an insight with its counts and score
         * @description Answered from the store alone: no platform is waited for.
         */
        get: operations["getInsight"];
        /**
         * Replace an insight
         * @description What is left out takes its default. The counts of accounts and works that are gone go with them.
         */
        put: operations["replaceInsight"];
        post?: never;
        /**
         * Erase an insight
         * @description All that belongs to it goes. What stays is a receipt, which holds no personal field.
         */
        delete: operations["deleteInsight"];
        options?: never;
        head?: never;
        /**
         * Change some fields of an insight
         * @description A merge patch (RFC 7396): null brings back the default of a field, `works` are replaced as a whole.
         */
        patch: operations["patchInsight"];
        trace?: never;
    };
    "/api/user_insights/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export insights as NDJSON or CSV
         * @description One insight a line, by id. Insights that are there from beginning to end come exactly once, whatever is written meanwhile. An answer that could not be completed ends with a broken connection. In CSV (RFC 4180) what is unknown is empty, `works` are JSON, and a text that a program for tables would compute gets an apostrophe in front.
         */
        get: operations["exportInsights"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Store many insights, one a line
         * @description Takes NDJSON: each line is what a POST takes, and is answered by one line, in order: `{"line": 1, "status": 201, "id": 7}`, with 200 where an insight with its `external_id` was there, which is then replaced; or status, `code`, `detail` and `errors` of what is wrong with it. A wrong line harms no other. Empty lines count, and have no answer. The answer begins while lines still come in. A connection that breaks leaves whole insights: with an `external_id` on each line the file can be sent again. An `Idempotency-Key` is refused.
         */
        post: operations["importInsights"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights/{id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the receipt of an erased insight */
        get: operations["getReceipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights/{id}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** See how the refresh stands and where each count comes from */
        get: operations["getRefresh"];
        put?: never;
        /**
         * Ask for fresh counts
         * @description Does not wait for them. While one refresh waits, asking again adds none; counts that are still fresh are not fetched again. That goes for repeats too: an `Idempotency-Key` changes nothing.
         */
        post: operations["askRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights/{id}/score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See why the score is what it is
         * @description What was stored together with the score: each signal with its value, its points and what earns the next point.
         */
        get: operations["getScore"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compute the score of given figures and counts
         * @description Takes an insight as it is answered, in which the counts count as fetched; null is not known. Stores nothing, so that an `Idempotency-Key` changes nothing.
         */
        post: operations["computeScore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user_insights/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See how the counts have changed over time
         * @description The observations of each account and work that the insight has now: what a platform answered, when that differed from what was known, and at least once for each UTC day on which it was asked. Nothing is filled in. A day or week without a point is one in which the platform was not asked; one whose `count` is null is one in which it gave none, as its `state` says; 0 is a count. The point of a day or week is its last count.
         *
         *     Kept are all observations of a day, one of each hour for 30 days, one of each day for a year, and one of each week for ten; those of YouTube for `YOUTUBE_RETENTION_DAYS`, 28 unless configured otherwise, as its terms demand. An answer holds 50 accounts and works at most, and 5000 observations, each source as a whole: follow `next` until it is null.
         */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the scoring models */
        get: operations["listModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a scoring model: formula, signals and hash */
        get: operations["getModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platforms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See how the platforms are asked, and what is left of each limit
         * @description Of all workers together: limits with what is used and left, why a platform is left alone and until when, and when it last answered.
         */
        get: operations["getPlatforms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tokens */
        get: operations["listTokens"];
        put?: never;
        /**
         * Make a token
         * @description Under an `Idempotency-Key` a repeat makes no second token. It can not show the first one again either: it is a 409 that names the token, which can be revoked then.
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a token
         * @description It opens nothing any more, in every process within five seconds. Doing it twice changes nothing.
         */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a token in the place of another
         * @description The old one works beside it for `overlap_seconds`, a day unless something else is said. Under an `Idempotency-Key` a repeat makes no second token. It can not show the first one again either: it is a 409 that names the token, which can be revoked then.
         */
        post: operations["rotateToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Breakdown: {
            model: string;
            model_hash: string;
            score: number;
            max_score: number;
            lines: {
                [key: string]: unknown;
            }[];
            coverage: number;
            score_range: {
                low: number;
                high: number;
            };
        } & {
            [key: string]: unknown;
        };
        History: {
            id: number;
            /** @enum {string} */
            interval: "raw" | "day" | "week";
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /**
             * Format: uri
             * @description The address of the answer with the other accounts and works; null: these are all
             */
            next: string | null;
            sources: components["schemas"]["SourceHistory"][];
        };
        HistoryPoint: {
            /**
             * Format: date-time
             * @description When the day or week begins that the point stands for; absent in `raw`
             */
            start?: string;
            /**
             * Format: date-time
             * @description When the platform answered
             */
            at: string;
            /** @description What it said; null: it was asked and gave no count */
            count: number | null;
            /** @enum {string} */
            state: "ok" | "pending" | "stale" | "hidden" | "not_found" | "invalid_id" | "rate_limited" | "not_configured" | "not_provided";
        };
        Insight: {
            id: number;
            /** @description Only where the host has given one */
            external_id?: string;
            has_about: boolean;
            number_of_roles: number;
            number_of_acts: number;
            profile_views: number;
            profile_searches: number;
            connects: number;
            facebook_page_id: number | string | null;
            twitter_handle: string | null;
            instagram_handle: string | null;
            /** @description 0.00 to 100.00, always with two decimals */
            insight_score: string;
            twitter_followers_count: number | null;
            works: {
                item_id: string;
                /** @enum {integer} */
                source_type: 1 | 2;
                is_individual_work: boolean;
                in_app_plays: number;
                non_app_plays?: number;
            }[];
            facebook_page_followers_count: number | null;
            instagram_followers_count: number | null;
        };
        InsightInput: {
            external_id?: string | null;
            has_about?: boolean;
            number_of_roles?: number;
            number_of_acts?: number;
            profile_views?: number;
            profile_searches?: number;
            connects?: number;
            facebook_page_id?: number | string | null;
            twitter_handle?: string | null;
            instagram_handle?: string | null;
            works?: {
                item_id: string;
                source_type: 1 | 2;
                is_individual_work: boolean;
                in_app_plays: number;
                readonly non_app_plays?: unknown;
            }[];
            readonly id?: unknown;
            readonly insight_score?: unknown;
            readonly twitter_followers_count?: unknown;
            readonly facebook_page_followers_count?: unknown;
            readonly instagram_followers_count?: unknown;
        };
        InsightPatch: {
            external_id?: string | null;
            has_about?: boolean | null;
            number_of_roles?: number | null;
            number_of_acts?: number | null;
            profile_views?: number | null;
            profile_searches?: number | null;
            connects?: number | null;
            facebook_page_id?: number | string | null;
            twitter_handle?: string | null;
            instagram_handle?: string | null;
            works?: {
                item_id: string;
                source_type: 1 | 2;
                is_individual_work: boolean;
                in_app_plays: number;
                readonly non_app_plays?: unknown;
            }[] | null;
            readonly id?: unknown;
            readonly insight_score?: unknown;
            readonly twitter_followers_count?: unknown;
            readonly facebook_page_followers_count?: unknown;
            readonly instagram_followers_count?: unknown;
        };
        Model: {
            id: string;
            /** @description SHA-256 of id, max_score, shared_work_weight and signals as JSON with sorted keys */
            hash: string;
            /** @description Whether new scores are computed with it */
            is_current: boolean;
            max_score: number;
            /** @description How much a play of a work that is not individual counts */
            shared_work_weight: number;
            signals: {
                /** @enum {string} */
                signal: "has_about" | "number_of_roles" | "number_of_acts" | "profile_views" | "profile_searches" | "connects" | "in_app_plays" | "facebook_page_followers" | "twitter_followers" | "instagram_followers" | "non_app_plays";
                /** @description The most that the signal earns */
                points: number;
                /** @enum {string} */
                curve: "flag" | "log";
                /** @description Below it, points grow nearly in proportion; of a log curve only */
                knee?: number;
                /** @description From it on the signal earns all its points; of a log curve only */
                saturation?: number;
            }[];
            /** @description The formula of each kind of curve */
            curves: {
                flag: string;
                log: string;
            };
            /** @description The formula in words */
            description: string;
            rounding: string;
        };
        Problem: {
            /** @description urn:insights:error: and the code */
            type: string;
            title: string;
            status: number;
            detail: string;
            code: string;
            request_id: string;
            /** @description Every fault of the request, at most 100 */
            errors?: {
                /** @description JSON pointer into the body, or /name of a path parameter or header */
                pointer: string;
                code: string;
                detail: string;
            }[];
        };
        Receipt: {
            id: number;
            /** Format: date-time */
            deleted_at: string;
            /** @description How much of each kind was erased */
            removed: {
                insights: number;
                works: number;
                accounts: number;
            };
            /** @description SHA-256, in hexadecimal, of `id`, `deleted_at` and `removed` as JSON with sorted keys and no spaces */
            hash: string;
        };
        Refresh: {
            id: number;
            /** @enum {string} */
            state: "pending" | "running" | "done";
            /** Format: date-time */
            asked_at: string;
            /** Format: date-time */
            done_at: string | null;
            /** Format: date-time */
            next_due_at: string | null;
            sources: {
                youtube: components["schemas"]["WorkSources"];
                soundcloud: components["schemas"]["WorkSources"];
                x: components["schemas"]["Source"];
                facebook: components["schemas"]["Source"];
                instagram: components["schemas"]["Source"];
            };
        };
        RotationInput: {
            /** @default 86400 */
            overlap_seconds: number;
            expires_at?: string | null;
            expires_in_days?: number;
        };
        ScoreInput: {
            external_id?: string | null;
            has_about?: boolean;
            number_of_roles?: number;
            number_of_acts?: number;
            profile_views?: number;
            profile_searches?: number;
            connects?: number;
            facebook_page_id?: number | string | null;
            twitter_handle?: string | null;
            instagram_handle?: string | null;
            readonly id?: unknown;
            readonly insight_score?: unknown;
            twitter_followers_count?: number | null;
            facebook_page_followers_count?: number | null;
            instagram_followers_count?: number | null;
            works?: {
                item_id: string;
                source_type: 1 | 2;
                is_individual_work: boolean;
                in_app_plays: number;
                non_app_plays?: number | null;
            }[];
            /** @constant */
            model?: "insight-1";
        };
        Source: {
            /** @enum {string} */
            state: "ok" | "pending" | "stale" | "hidden" | "not_found" | "invalid_id" | "rate_limited" | "not_configured" | "not_provided";
            count: number | null;
            /** Format: date-time */
            fetched_at: string | null;
            /** Format: date-time */
            next_at: string | null;
            error: {
                code: string;
                detail: string;
                /** Format: date-time */
                at: string;
            } | null;
        };
        SourceHistory: {
            /** @enum {string} */
            platform: "youtube" | "soundcloud" | "x" | "facebook" | "instagram";
            /** @description The account or work, as it was sent */
            source_id: string;
            /** @description The last count of the range less its first one, divided by the days between the two, with two decimals; null: there are not two counts half a day apart */
            growth_per_day: number | null;
            points: components["schemas"]["HistoryPoint"][];
        };
        Token: {
            /** @description Names the token; it opens nothing */
            id: string;
            name: string;
            scopes: ("read" | "write" | "admin" | "metrics")[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            last_used_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
            /** @description Neither expired nor revoked */
            is_active: boolean;
        };
        TokenInput: {
            name: string;
            scopes: ("read" | "write" | "admin" | "metrics")[];
            expires_at?: string | null;
            expires_in_days?: number;
        };
        WorkSources: {
            /** @enum {string} */
            state: "ok" | "pending" | "stale" | "hidden" | "not_found" | "invalid_id" | "rate_limited" | "not_configured" | "not_provided";
            count: number | null;
            /** Format: date-time */
            fetched_at: string | null;
            /** Format: date-time */
            next_at: string | null;
            error: {
                code: string;
                detail: string;
                /** Format: date-time */
                at: string;
            } | null;
            works: {
                item_id: string;
                /** @enum {string} */
                state: "ok" | "pending" | "stale" | "hidden" | "not_found" | "invalid_id" | "rate_limited" | "not_configured" | "not_provided";
                count: number | null;
                /** Format: date-time */
                fetched_at: string | null;
                /** Format: date-time */
                next_at: string | null;
                error: {
                    code: string;
                    detail: string;
                    /** Format: date-time */
                    at: string;
                } | null;
            }[];
        };
    };
    responses: {
        /** @description A token is required. Or: The token is not valid */
        "INS_AUTH_MISSING.INS_AUTH_INVALID": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 401;
                    /** @enum {string} */
                    code: "INS_AUTH_MISSING" | "INS_AUTH_INVALID";
                };
            };
        };
        /** @description The token lacks a scope */
        INS_AUTH_SCOPE: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 403;
                    /** @enum {string} */
                    code: "INS_AUTH_SCOPE";
                };
            };
        };
        /** @description Another insight has this external id */
        "INS_EXTERNAL_ID_TAKEN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 409;
                    /** @enum {string} */
                    code: "INS_EXTERNAL_ID_TAKEN";
                };
            };
        };
        /** @description What was made under this key has been erased */
        "INS_IDEMPOTENCY_ERASED.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 410;
                    /** @enum {string} */
                    code: "INS_IDEMPOTENCY_ERASED";
                };
            };
        };
        /** @description The key was used with another request */
        "INS_IDEMPOTENCY_MISMATCH.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 422;
                    /** @enum {string} */
                    code: "INS_IDEMPOTENCY_MISMATCH";
                };
            };
        };
        /** @description A request with this key is under way. Or: Another insight has this external id */
        "INS_IDEMPOTENCY_RUNNING.INS_EXTERNAL_ID_TAKEN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 409;
                    /** @enum {string} */
                    code: "INS_IDEMPOTENCY_RUNNING" | "INS_EXTERNAL_ID_TAKEN";
                };
            };
        };
        /** @description A request with this key is under way. Or: A token was made under this key. Or: The token has expired or is revoked */
        "INS_IDEMPOTENCY_RUNNING.INS_IDEMPOTENCY_TOKEN.INS_TOKEN_INACTIVE.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 409;
                    /** @enum {string} */
                    code: "INS_IDEMPOTENCY_RUNNING" | "INS_IDEMPOTENCY_TOKEN" | "INS_TOKEN_INACTIVE";
                };
            };
        };
        /** @description A request with this key is under way. Or: A token was made under this key */
        "INS_IDEMPOTENCY_RUNNING.INS_IDEMPOTENCY_TOKEN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 409;
                    /** @enum {string} */
                    code: "INS_IDEMPOTENCY_RUNNING" | "INS_IDEMPOTENCY_TOKEN";
                };
            };
        };
        /** @description The insight has changed since */
        "INS_INSIGHT_CHANGED.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 412;
                    /** @enum {string} */
                    code: "INS_INSIGHT_CHANGED";
                };
            };
        };
        /** @description There is no such insight */
        "INS_INSIGHT_UNKNOWN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 404;
                    /** @enum {string} */
                    code: "INS_INSIGHT_UNKNOWN";
                };
            };
        };
        /** @description Something went wrong */
        INS_INTERNAL: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 500;
                    /** @enum {string} */
                    code: "INS_INTERNAL";
                };
            };
        };
        /** @description Something went wrong. Or: The insight is stored in a form that can not be read */
        "INS_INTERNAL.INS_INSIGHT_DAMAGED.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 500;
                    /** @enum {string} */
                    code: "INS_INTERNAL" | "INS_INSIGHT_DAMAGED";
                };
            };
        };
        /** @description Something went wrong */
        "INS_INTERNAL.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 500;
                    /** @enum {string} */
                    code: "INS_INTERNAL";
                };
            };
        };
        /** @description There is no such scoring model */
        "INS_MODEL_UNKNOWN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 404;
                    /** @enum {string} */
                    code: "INS_MODEL_UNKNOWN";
                };
            };
        };
        /** @description Too many requests */
        INS_RATE_LIMITED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 429;
                    /** @enum {string} */
                    code: "INS_RATE_LIMITED";
                };
            };
        };
        /** @description Too many requests */
        "INS_RATE_LIMITED.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 429;
                    /** @enum {string} */
                    code: "INS_RATE_LIMITED";
                };
            };
        };
        /** @description The request headers are too large */
        INS_REQUEST_HEADERS: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 431;
                    /** @enum {string} */
                    code: "INS_REQUEST_HEADERS";
                };
            };
        };
        /** @description The request is not valid. Or: The request can not be read */
        "INS_REQUEST_INVALID.INS_REQUEST_MALFORMED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 400;
                    /** @enum {string} */
                    code: "INS_REQUEST_INVALID" | "INS_REQUEST_MALFORMED";
                };
            };
        };
        /** @description The request is not valid. Or: The request can not be read */
        "INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 400;
                    /** @enum {string} */
                    code: "INS_REQUEST_INVALID" | "INS_REQUEST_MALFORMED";
                };
            };
        };
        /** @description The media type is not supported */
        "INS_REQUEST_MEDIA_TYPE.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 415;
                    /** @enum {string} */
                    code: "INS_REQUEST_MEDIA_TYPE";
                };
            };
        };
        /** @description The request did not arrive in time */
        INS_REQUEST_TIMEOUT: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 408;
                    /** @enum {string} */
                    code: "INS_REQUEST_TIMEOUT";
                };
            };
        };
        /** @description The request did not arrive in time */
        "INS_REQUEST_TIMEOUT.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 408;
                    /** @enum {string} */
                    code: "INS_REQUEST_TIMEOUT";
                };
            };
        };
        /** @description The request is too large */
        "INS_REQUEST_TOO_LARGE.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 413;
                    /** @enum {string} */
                    code: "INS_REQUEST_TOO_LARGE";
                };
            };
        };
        /** @description The store has no space left */
        "INS_STORE_FULL.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 507;
                    /** @enum {string} */
                    code: "INS_STORE_FULL";
                };
            };
        };
        /** @description The store is not available. Or: The service is starting, stopping or overloaded */
        "INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 503;
                    /** @enum {string} */
                    code: "INS_STORE_UNAVAILABLE" | "INS_SERVICE_BUSY";
                };
            };
        };
        /** @description The store is not available. Or: The service is starting, stopping or overloaded. Or: The queue is not available */
        "INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.INS_QUEUE_UNAVAILABLE.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 503;
                    /** @enum {string} */
                    code: "INS_STORE_UNAVAILABLE" | "INS_SERVICE_BUSY" | "INS_QUEUE_UNAVAILABLE";
                };
            };
        };
        /** @description The store is not available. Or: The service is starting, stopping or overloaded */
        "INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 503;
                    /** @enum {string} */
                    code: "INS_STORE_UNAVAILABLE" | "INS_SERVICE_BUSY";
                };
            };
        };
        /** @description No other token may manage tokens */
        "INS_TOKEN_LAST_ADMIN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 409;
                    /** @enum {string} */
                    code: "INS_TOKEN_LAST_ADMIN";
                };
            };
        };
        /** @description There is no such token */
        "INS_TOKEN_UNKNOWN.limited": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status: 404;
                    /** @enum {string} */
                    code: "INS_TOKEN_UNKNOWN";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The API as OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED"];
            408: components["responses"]["INS_REQUEST_TIMEOUT"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics of this process */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT"];
            429: components["responses"]["INS_RATE_LIMITED"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY"];
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        status: string;
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED"];
            408: components["responses"]["INS_REQUEST_TIMEOUT"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        status: string;
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED"];
            408: components["responses"]["INS_REQUEST_TIMEOUT"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY"];
        };
    };
    listInsights: {
        parameters: {
            query?: {
                /** @description The most insights of a page */
                limit?: number;
                /** @description From a link of another page; valid for the same ordering and filters */
                cursor?: string;
                /** @description Of equal scores or times the lower id comes first; with a minus sign all is the other way round */
                ordering?: "id" | "-id" | "insight_score" | "-insight_score" | "updated_at" | "-updated_at";
                /** @description The score is this or more */
                min_score?: number;
                /** @description The score is this or less */
                max_score?: number;
                /** @description Fields, counts or score changed then or later */
                updated_since?: string;
                /** @description How the refresh stands */
                state?: "pending" | "running" | "done";
                /** @description The insight that has it */
                external_id?: string;
                /** @description Some account or work on the platform is in the state, like `youtube:stale`; `not_provided`: none is named. May be given several times: all must hold */
                source_state?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of insights */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /**
                         * Format: uri
                         * @description The address of the next page; null: there is none. A page may be short, or empty, and have a next one
                         */
                        next: string | null;
                        /**
                         * Format: uri
                         * @description The address of the page before; null: there is none
                         */
                        previous: string | null;
                        results: components["schemas"]["Insight"][];
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    createInsight: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request, made up by the client, new for each thing to be made: sent again with the same key and body within 24 hours, it makes nothing a second time. 1 to 255 printable ASCII characters, in double quotes or without them. Keys of other tokens are other keys */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InsightInput"];
            };
        };
        responses: {
            /** @description The insight as it was stored */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Insight"];
                };
            };
            /** @description The request is not valid. Or: The request can not be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status: 400;
                        /** @enum {string} */
                        code: "INS_REQUEST_INVALID" | "INS_REQUEST_MALFORMED";
                    };
                };
            };
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            409: components["responses"]["INS_IDEMPOTENCY_RUNNING.INS_EXTERNAL_ID_TAKEN.limited"];
            410: components["responses"]["INS_IDEMPOTENCY_ERASED.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            422: components["responses"]["INS_IDEMPOTENCY_MISMATCH.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
    getInsight: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the state that is known; it is then answered with 304 */
                "if-none-match"?: string;
                /** @description The Last-Modified of the answer that is known; if nothing has changed since, counts included, the answer is 304 */
                "if-modified-since"?: string;
            };
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The insight */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Insight"];
                };
            };
            /** @description Nothing has changed since what the conditions name */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            /** @description There is no such insight */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status: 404;
                        /** @enum {string} */
                        code: "INS_INSIGHT_UNKNOWN";
                    };
                };
            };
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    replaceInsight: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the state that is to be changed; any other state is a 412 */
                "if-match"?: string;
                /** @description The ETag of the state that is known; it is then answered with 304 */
                "if-none-match"?: string;
                /** @description The Last-Modified of the state that is to be changed; a later one is a 412. A Last-Modified from the first five seconds after a change never fits. If-Match is more exact and goes before it */
                "if-unmodified-since"?: string;
            };
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InsightInput"];
            };
        };
        responses: {
            /** @description The insight as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Insight"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            409: components["responses"]["INS_EXTERNAL_ID_TAKEN.limited"];
            412: components["responses"]["INS_INSIGHT_CHANGED.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
    deleteInsight: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the state that is to be changed; any other state is a 412 */
                "if-match"?: string;
                /** @description The ETag of the state that is known; it is then answered with 304 */
                "if-none-match"?: string;
                /** @description The Last-Modified of the state that is to be changed; a later one is a 412. A Last-Modified from the first five seconds after a change never fits. If-Match is more exact and goes before it */
                "if-unmodified-since"?: string;
            };
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The receipt */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            412: components["responses"]["INS_INSIGHT_CHANGED.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
    patchInsight: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the state that is to be changed; any other state is a 412 */
                "if-match"?: string;
                /** @description The ETag of the state that is known; it is then answered with 304 */
                "if-none-match"?: string;
                /** @description The Last-Modified of the state that is to be changed; a later one is a 412. A Last-Modified from the first five seconds after a change never fits. If-Match is more exact and goes before it */
                "if-unmodified-since"?: string;
            };
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["InsightPatch"];
                "application/json": components["schemas"]["InsightPatch"];
            };
        };
        responses: {
            /** @description The insight as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Insight"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            409: components["responses"]["INS_EXTERNAL_ID_TAKEN.limited"];
            /** @description The insight has changed since */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status: 412;
                        /** @enum {string} */
                        code: "INS_INSIGHT_CHANGED";
                    };
                };
            };
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            /** @description The media type is not supported */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status: 415;
                        /** @enum {string} */
                        code: "INS_REQUEST_MEDIA_TYPE";
                    };
                };
            };
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
    exportInsights: {
        parameters: {
            query?: {
                /** @description Goes before `Accept`; NDJSON where neither says anything */
                format?: "ndjson" | "csv";
                /** @description The score is this or more */
                min_score?: number;
                /** @description The score is this or less */
                max_score?: number;
                /** @description Fields, counts or score changed then or later */
                updated_since?: string;
                /** @description How the refresh stands */
                state?: "pending" | "running" | "done";
                /** @description The insight that has it */
                external_id?: string;
                /** @description Some account or work on the platform is in the state, like `youtube:stale`; `not_provided`: none is named. May be given several times: all must hold */
                source_state?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The insights */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    importInsights: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Lines of JSON, each an insight as POST takes it */
        requestBody: {
            content: {
                "application/x-ndjson": string;
                "application/ndjson": string;
                "application/jsonl": string;
            };
        };
        responses: {
            /** @description A line for each line */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    getReceipt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The receipt */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            /** @description There is no such receipt */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status: 404;
                        /** @enum {string} */
                        code: "INS_RECEIPT_UNKNOWN";
                    };
                };
            };
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    getRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The refresh, and every source */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refresh"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    askRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never> | null;
            };
        };
        responses: {
            /** @description The refresh is wanted; Location is where to see how it stands */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refresh"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
    getScore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The breakdown of the score */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Breakdown"];
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    computeScore: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScoreInput"];
            };
        };
        responses: {
            /** @description The score, explained */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description 0.00 to 100.00, always with two decimals */
                        insight_score: string;
                        model: string;
                        model_hash: string;
                        score: number;
                        max_score: number;
                        lines: {
                            [key: string]: unknown;
                        }[];
                        coverage: number;
                        score_range: {
                            low: number;
                            high: number;
                        };
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    getHistory: {
        parameters: {
            query?: {
                /** @description Only the accounts and works of this platform, like `x`, or this one of them, like `youtube:l4WNrvVjiTw`, with its id as it was sent. May be given several times: any of them. What the insight does not have gives nothing */
                source?: string[];
                /** @description What was observed then or later; 30 days before `to` unless given */
                from?: string;
                /** @description What was observed before; now unless given */
                to?: string;
                /** @description `day`, `week`: one point of each UTC day, or each week from Monday on, in which something was observed; `raw`: every observation that is kept */
                interval?: "raw" | "day" | "week";
                /** @description From a link of another answer */
                cursor?: string;
            };
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description The request is not valid. Or: The request can not be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status: 400;
                        /** @enum {string} */
                        code: "INS_REQUEST_INVALID" | "INS_REQUEST_MALFORMED";
                    };
                };
            };
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_INSIGHT_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.INS_INSIGHT_DAMAGED.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    listModels: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the state that is known; it is then answered with 304 */
                "if-none-match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All models that a score was ever computed with */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: components["schemas"]["Model"][];
                    };
                };
            };
            /** @description Unchanged since the answer whose ETag was sent in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the state that is known; it is then answered with 304 */
                "if-none-match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description Unchanged since the answer whose ETag was sent in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_MODEL_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    getPlatforms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every platform */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        platforms: {
                            youtube: {
                                /** @enum {string} */
                                mode: "live" | "sandbox" | "not_configured";
                                buckets: {
                                    name: string;
                                    /** @enum {string} */
                                    unit: "units" | "calls" | "cents" | "grants";
                                    /** @description The most in one period; null is only counted */
                                    limit: number | null;
                                    used: number;
                                    /** @description For a refresh that a client asks for */
                                    left: number | null;
                                    /** @description For planned refreshes, which leave a fifth to the others */
                                    left_for_planned: number | null;
                                    /** Format: date-time */
                                    resets_at: string | null;
                                }[];
                                parked: {
                                    code: string;
                                    detail: string;
                                    /** Format: date-time */
                                    until: string;
                                } | null;
                                /** @enum {string} */
                                circuit: "closed" | "open" | "half_open";
                                /** Format: date-time */
                                last_success_at: string | null;
                                /** Format: date-time */
                                next_probe_at: string | null;
                            };
                            soundcloud: {
                                /** @enum {string} */
                                mode: "live" | "sandbox" | "not_configured";
                                buckets: {
                                    name: string;
                                    /** @enum {string} */
                                    unit: "units" | "calls" | "cents" | "grants";
                                    /** @description The most in one period; null is only counted */
                                    limit: number | null;
                                    used: number;
                                    /** @description For a refresh that a client asks for */
                                    left: number | null;
                                    /** @description For planned refreshes, which leave a fifth to the others */
                                    left_for_planned: number | null;
                                    /** Format: date-time */
                                    resets_at: string | null;
                                }[];
                                parked: {
                                    code: string;
                                    detail: string;
                                    /** Format: date-time */
                                    until: string;
                                } | null;
                                /** @enum {string} */
                                circuit: "closed" | "open" | "half_open";
                                /** Format: date-time */
                                last_success_at: string | null;
                                /** Format: date-time */
                                next_probe_at: string | null;
                            };
                            x: {
                                /** @enum {string} */
                                mode: "live" | "sandbox" | "not_configured";
                                buckets: {
                                    name: string;
                                    /** @enum {string} */
                                    unit: "units" | "calls" | "cents" | "grants";
                                    /** @description The most in one period; null is only counted */
                                    limit: number | null;
                                    used: number;
                                    /** @description For a refresh that a client asks for */
                                    left: number | null;
                                    /** @description For planned refreshes, which leave a fifth to the others */
                                    left_for_planned: number | null;
                                    /** Format: date-time */
                                    resets_at: string | null;
                                }[];
                                parked: {
                                    code: string;
                                    detail: string;
                                    /** Format: date-time */
                                    until: string;
                                } | null;
                                /** @enum {string} */
                                circuit: "closed" | "open" | "half_open";
                                /** Format: date-time */
                                last_success_at: string | null;
                                /** Format: date-time */
                                next_probe_at: string | null;
                            };
                            facebook: {
                                /** @enum {string} */
                                mode: "live" | "sandbox" | "not_configured";
                                buckets: {
                                    name: string;
                                    /** @enum {string} */
                                    unit: "units" | "calls" | "cents" | "grants";
                                    /** @description The most in one period; null is only counted */
                                    limit: number | null;
                                    used: number;
                                    /** @description For a refresh that a client asks for */
                                    left: number | null;
                                    /** @description For planned refreshes, which leave a fifth to the others */
                                    left_for_planned: number | null;
                                    /** Format: date-time */
                                    resets_at: string | null;
                                }[];
                                parked: {
                                    code: string;
                                    detail: string;
                                    /** Format: date-time */
                                    until: string;
                                } | null;
                                /** @enum {string} */
                                circuit: "closed" | "open" | "half_open";
                                /** Format: date-time */
                                last_success_at: string | null;
                                /** Format: date-time */
                                next_probe_at: string | null;
                            };
                            instagram: {
                                /** @enum {string} */
                                mode: "live" | "sandbox" | "not_configured";
                                buckets: {
                                    name: string;
                                    /** @enum {string} */
                                    unit: "units" | "calls" | "cents" | "grants";
                                    /** @description The most in one period; null is only counted */
                                    limit: number | null;
                                    used: number;
                                    /** @description For a refresh that a client asks for */
                                    left: number | null;
                                    /** @description For planned refreshes, which leave a fifth to the others */
                                    left_for_planned: number | null;
                                    /** Format: date-time */
                                    resets_at: string | null;
                                }[];
                                parked: {
                                    code: string;
                                    detail: string;
                                    /** Format: date-time */
                                    until: string;
                                } | null;
                                /** @enum {string} */
                                circuit: "closed" | "open" | "half_open";
                                /** Format: date-time */
                                last_success_at: string | null;
                                /** Format: date-time */
                                next_probe_at: string | null;
                            };
                        };
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.INS_QUEUE_UNAVAILABLE.limited"];
        };
    };
    listTokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All tokens, revoked ones included; never the tokens themselves */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: components["schemas"]["Token"][];
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request, made up by the client, new for each thing to be made: sent again with the same key and body within 24 hours, it makes nothing a second time. 1 to 255 printable ASCII characters, in double quotes or without them. Keys of other tokens are other keys */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenInput"];
            };
        };
        responses: {
            /** @description The token, shown this once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Names the token; it opens nothing */
                        id: string;
                        name: string;
                        scopes: ("read" | "write" | "admin" | "metrics")[];
                        /** Format: date-time */
                        created_at: string;
                        /** Format: date-time */
                        expires_at: string | null;
                        /** Format: date-time */
                        last_used_at: string | null;
                        /** Format: date-time */
                        revoked_at: string | null;
                        /** @description Neither expired nor revoked */
                        is_active: boolean;
                        /** @description The token itself, shown this once */
                        token: string;
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            409: components["responses"]["INS_IDEMPOTENCY_RUNNING.INS_IDEMPOTENCY_TOKEN.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            422: components["responses"]["INS_IDEMPOTENCY_MISMATCH.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The token is revoked */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_TOKEN_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            409: components["responses"]["INS_TOKEN_LAST_ADMIN.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
        };
    };
    rotateToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request, made up by the client, new for each thing to be made: sent again with the same key and body within 24 hours, it makes nothing a second time. 1 to 255 printable ASCII characters, in double quotes or without them. Keys of other tokens are other keys */
                "idempotency-key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotationInput"];
            };
        };
        responses: {
            /** @description The new token, shown this once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Names the token; it opens nothing */
                        id: string;
                        name: string;
                        scopes: ("read" | "write" | "admin" | "metrics")[];
                        /** Format: date-time */
                        created_at: string;
                        /** Format: date-time */
                        expires_at: string | null;
                        /** Format: date-time */
                        last_used_at: string | null;
                        /** Format: date-time */
                        revoked_at: string | null;
                        /** @description Neither expired nor revoked */
                        is_active: boolean;
                        /** @description The token itself, shown this once */
                        token: string;
                        /** @description The old token, and when it expires */
                        replaces: {
                            id: string;
                            /** Format: date-time */
                            expires_at: string | null;
                        };
                    };
                };
            };
            400: components["responses"]["INS_REQUEST_INVALID.INS_REQUEST_MALFORMED.limited"];
            401: components["responses"]["INS_AUTH_MISSING.INS_AUTH_INVALID"];
            403: components["responses"]["INS_AUTH_SCOPE"];
            404: components["responses"]["INS_TOKEN_UNKNOWN.limited"];
            408: components["responses"]["INS_REQUEST_TIMEOUT.limited"];
            409: components["responses"]["INS_IDEMPOTENCY_RUNNING.INS_IDEMPOTENCY_TOKEN.INS_TOKEN_INACTIVE.limited"];
            413: components["responses"]["INS_REQUEST_TOO_LARGE.limited"];
            415: components["responses"]["INS_REQUEST_MEDIA_TYPE.limited"];
            422: components["responses"]["INS_IDEMPOTENCY_MISMATCH.limited"];
            429: components["responses"]["INS_RATE_LIMITED.limited"];
            431: components["responses"]["INS_REQUEST_HEADERS"];
            500: components["responses"]["INS_INTERNAL.limited"];
            503: components["responses"]["INS_STORE_UNAVAILABLE.INS_SERVICE_BUSY.limited"];
            507: components["responses"]["INS_STORE_FULL.limited"];
        };
    };
}

/** The POSTs that take an `Idempotency-Key`. */
export const KEYED_POSTS: readonly (keyof paths)[] = ["/api/user_insights","/api/tokens","/api/tokens/{id}/rotate"];
