// The seeded companies, with the people in them and the QuickBooks company that each connects.
/** A user of a Pipedrive company, and the Intuit user and QuickBooks company that they connect.
 * @typedef {{ company: number, user: number, name: string, language: string, sub: string, realm: string }} Who
 * @typedef {Pick<Who, "company" | "user" | "sub" | "realm">} Account */
export const BR = { company: 7710001, user: 910001, name: "Ana Souza", language: "pt-BR", sub: "9130000000000002", realm: "9341452200000002" };
export const US = { company: 7720002, user: 920001, name: "Dana Whitfield", language: "en-US", sub: "9130000000000001", realm: "9341452200000001" };
/** Spanish, no administrators. */
export const MIGUEL = { ...US, user: 920002, name: "Miguel Ortega", language: "es" };
export const LUCIA = { ...BR, user: 910003, name: "Lucía Fernández", language: "es" };

/** A customer that the American company has already. */
export const CASCADE = { customer: "3", customer_name: "Cascade Robotics, Inc.", customer_currency: "USD" };
